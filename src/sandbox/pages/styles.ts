/** The one style sheet of the sandbox's pages. */
export const STYLES = `
:root{--bg:#f4f5f7;--card:#fff;--text:#1d2430;--muted:#566072;--line:#d8dce3;--accent:#2456c9;--accent-text:#fff;
--danger:#b3261e;--good:#146c43;--warn:#8a5300;--warn-bg:#fff4dd;--nav:#2d3b45;--nav-text:#fff;--radius:12px;--shadow:0 1px 2px #0001,0 4px 16px #0000000d}
@media (prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1d2128;--text:#e8eaee;--muted:#a4adba;--line:#353b46;--accent:#86aaff;--accent-text:#0d1524;
--danger:#ff9d94;--good:#7fd6a6;--warn:#ffcb7d;--warn-bg:#33290f;--nav:#10151a;--shadow:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif}
a{color:var(--accent)}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 12px}
h2{font-size:1.25rem;line-height:1.3;margin:0 0 4px}
h3{font-size:1rem;margin:0}
p{margin:0 0 12px}
.muted{color:var(--muted)}
.small{font-size:.875rem}
.top{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 16px;padding:12px 24px;background:var(--card);border-bottom:1px solid var(--line)}
.brand{font-weight:700;color:var(--text);text-decoration:none;padding:8px 0}
main.page{max-width:1080px;margin:0 auto;padding:32px 24px 64px}
main.narrow{max-width:560px;margin:0 auto;padding:48px 24px}
.intro{max-width:62ch;font-size:1.0625rem}
.cards{display:grid;gap:24px;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));margin-top:24px}
.card{background:var(--card);border:1px solid var(--line);border-radius:var(--radius);box-shadow:var(--shadow);padding:24px;margin-bottom:24px}
.cards+.card{margin-top:24px}
fieldset{border:1px solid var(--line);border-radius:8px;margin:0 0 12px;padding:8px 16px}
.check{display:flex;gap:12px;align-items:center;min-height:44px;font-weight:400}
.check input{flex:none;min-height:0;width:20px;height:20px;margin:0}
.check .code{display:block}
.cards>.card{margin:0;border-top:4px solid var(--tone)}
.tone-canvas{--tone:#d64027}.tone-moodle{--tone:#e07a10}
.open{font-size:.875rem;font-weight:600;margin:0 0 4px}
.course .button{padding:8px 14px}
.card>:last-child,.card>form>:last-child{margin-bottom:0}
.course{border-top:1px solid var(--line);padding-top:16px;margin-top:16px}
.row{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
.gap{margin-top:12px}
.button,button{display:inline-flex;align-items:center;justify-content:center;min-height:44px;padding:8px 16px;border:1px solid var(--line);border-radius:8px;background:var(--card);color:var(--text);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.button:hover,button:hover{border-color:var(--accent)}
.button.primary{background:var(--accent);border-color:var(--accent);color:var(--accent-text)}
.button.danger{color:var(--danger);border-color:currentColor}
.inline{display:inline-flex;gap:8px;flex-wrap:wrap;align-items:center;margin:0}
input,select{min-height:44px;padding:8px 12px;border:1px solid var(--muted);border-radius:8px;background:var(--card);color:var(--text);font:inherit;max-width:100%}
input[type=text],input[type=url],input[type=search]{width:100%}
label{font-weight:600}
.fields{display:grid;gap:16px;grid-template-columns:repeat(auto-fill,minmax(min(100%,240px),1fr))}
.fields label{display:grid;gap:4px;min-width:0;align-content:start}
.fields select{width:100%;min-width:0}
.fields .hint{font-weight:400;color:var(--muted);font-size:.875rem}
.badge{display:inline-block;padding:2px 10px;border-radius:999px;border:1px solid var(--line);font-size:.8125rem;font-weight:600;color:var(--muted)}
.badge.good{color:var(--good);border-color:currentColor}.badge.warn{color:var(--warn);border-color:currentColor}
.note{padding:12px 16px;border-radius:8px;background:var(--warn-bg);border-inline-start:4px solid var(--warn);margin:16px 0}
.figures{display:flex;flex-wrap:wrap;gap:8px 24px;margin:0 0 12px;padding:0;list-style:none}
.figures b{font-size:1.25rem;font-variant-numeric:tabular-nums;margin-inline-end:4px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:start;padding:8px 12px 8px 0;border-bottom:1px solid var(--line);vertical-align:middle}
th{font-size:.875rem;color:var(--muted)}
td.name{max-width:320px;overflow-wrap:anywhere}
.crumbs{font-size:.9375rem;margin-bottom:16px}
.code{font-family:ui-monospace,monospace;font-size:.875rem;overflow-wrap:anywhere}
iframe{display:block;width:100%;border:0;background:var(--card)}
.hidden-frame{position:absolute;width:1px;height:1px;opacity:0;pointer-events:none}
.who{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;padding:8px 24px;background:var(--warn-bg);border-bottom:1px solid var(--line);font-size:.9375rem}
.who form{max-width:100%;min-width:0}
.who select{width:240px;max-width:100%;min-width:0}
.who .end{margin-inline-start:auto}
body.canvas .shell{display:grid;grid-template-columns:84px 190px minmax(0,1fr);min-height:100vh}
body.canvas .rail{background:var(--nav);color:var(--nav-text)}
body.canvas .rail ul{list-style:none;margin:0;padding:0}
body.canvas .rail li{padding:14px 4px;text-align:center;font-size:.75rem}
body.canvas .rail li[aria-current]{background:var(--card);color:var(--text)}
body.canvas .rail a{color:inherit;text-decoration:none;display:block}
body.canvas .logo{font-size:1.25rem;font-weight:800;letter-spacing:-.05em}
.menu{padding:24px 0 24px 24px}
.menu ul{list-style:none;margin:0;padding:0}
.menu li{padding:8px;color:var(--muted)}
.menu a{text-decoration:none;color:inherit;display:block}
.menu [aria-current]{border-inline-start:3px solid var(--text);color:var(--text);font-weight:700}
.stage{padding:16px 24px 32px;min-width:0}
.stage iframe{min-height:640px;border:1px solid var(--line);border-radius:4px}
body.moodle .bar{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:center;background:var(--card);border-bottom:1px solid var(--line);padding:8px 24px}
body.moodle .bar .logo{color:#b85c00;font-weight:800;font-size:1.25rem}
@media (prefers-color-scheme:dark){body.moodle .bar .logo{color:#ffb25c}}
body.moodle .stage{max-width:1120px;margin:0 auto}
.tabs{display:flex;flex-wrap:wrap;gap:0 24px;list-style:none;margin:0 0 16px;padding:0;border-bottom:1px solid var(--line)}
.tabs li{padding:10px 0;color:var(--muted)}
.tabs [aria-current]{color:var(--text);font-weight:700;border-bottom:3px solid #e07a10}
.bar span{color:var(--muted)}
@media (max-width:820px){
body.canvas .shell{grid-template-columns:minmax(0,1fr);min-height:0}
body.canvas .rail ul,.menu ul{display:flex;flex-wrap:wrap}
.menu{padding:8px 16px}.menu [aria-current]{border-inline-start:0;border-bottom:3px solid var(--text)}
.stage{padding:12px}.who{padding:8px 12px}main.page{padding:24px 16px 48px}
body.canvas .rail li{padding:10px 14px}}
`;
