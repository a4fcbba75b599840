/** A language community: how its people are named here, and the locale and time zone they have set. */
export type NameCulture = {
  locale: string;
  timeZone: string;
  given: readonly string[];
  family: readonly string[];
};

/** Names of many scripts, so that a list of people looks like one; invented combinations. */
export const NAME_CULTURES: readonly NameCulture[] = [
  {
    locale: 'en',
    timeZone: 'America/New_York',
    given: ['Ada', 'Noah', 'Grace', 'Malcolm', 'Priya', 'Owen', 'Ruth', 'Tyrone', 'Hazel', 'Conor'],
    family: ['Whitfield', 'O’Connell', 'Baptiste', 'Fairweather', 'Nguyen-Hall', 'Okafor', 'McIntyre', 'Stone'],
  },
  {
    locale: 'de',
    timeZone: 'Europe/Berlin',
    given: ['Jürgen', 'Annika', 'Käthe', 'Björn', 'Sören', 'Lieselotte', 'Matthias', 'Ute'],
    family: ['Großmann', 'von der Heide', 'Müller-Lüdenscheidt', 'Schäfer', 'Weiß', 'Köhler', 'Özdemir'],
  },
  {
    locale: 'es',
    timeZone: 'America/Mexico_City',
    given: ['María José', 'Íñigo', 'Lucía', 'Joaquín', 'Begoña', 'Rubén', 'Ximena', 'Andrés'],
    family: ['García Márquez', 'Núñez', 'Ibáñez Peña', 'de la Cruz', 'Echeverría', 'Ortega y Gasset'],
  },
  {
    locale: 'pt-BR',
    timeZone: 'America/Sao_Paulo',
    given: ['João', 'Conceição', 'Thaís', 'Flávio', 'Inês', 'Caetano', 'Luíza'],
    family: ['Gonçalves', 'dos Santos', 'Araújo', 'Simões', 'Magalhães', 'Carvalho'],
  },
  {
    locale: 'pl',
    timeZone: 'Europe/Warsaw',
    given: ['Łukasz', 'Małgorzata', 'Wiesław', 'Żaneta', 'Paweł', 'Agnieszka'],
    family: ['Wójcik', 'Dąbrowska', 'Żółkiewski', 'Śliwa', 'Kowalczyk', 'Błaszczyk'],
  },
  {
    locale: 'tr',
    timeZone: 'Europe/Istanbul',
    given: ['İbrahim', 'Gülşah', 'Çağlar', 'Özge', 'Işıl', 'Uğur'],
    family: ['Yıldırım', 'Şahin', 'Çelik', 'Güneş', 'Aydın', 'Kılıç'],
  },
  {
    locale: 'vi',
    timeZone: 'Asia/Ho_Chi_Minh',
    given: ['Thị Hồng', 'Văn Đức', 'Quỳnh', 'Minh Tuấn', 'Ngọc Ánh', 'Bảo'],
    family: ['Nguyễn', 'Trần', 'Phạm', 'Đặng', 'Huỳnh', 'Lê'],
  },
  {
    locale: 'ar',
    timeZone: 'Africa/Cairo',
    given: ['محمد', 'ليلى', 'عبد الرحمن', 'فاطمة', 'يوسف', 'نور'],
    family: ['العربي', 'حسين', 'المصري', 'بن صالح', 'الخطيب', 'منصور'],
  },
  {
    locale: 'he',
    timeZone: 'Asia/Jerusalem',
    given: ['שרה', 'אבנר', 'תמר', 'יהונתן', 'נועה', 'עידו'],
    family: ['כהן', 'בן־דוד', 'מזרחי', 'שפירא', 'אברהמי', 'פרץ'],
  },
  {
    locale: 'ru',
    timeZone: 'Europe/Moscow',
    given: ['Дмитрий', 'Алёна', 'Юлия', 'Фёдор', 'Ксения', 'Илья'],
    family: ['Иванов', 'Щербакова', 'Соловьёв', 'Жукова', 'Кузнецов', 'Быстрова'],
  },
  {
    locale: 'el',
    timeZone: 'Europe/Athens',
    given: ['Αλέξανδρος', 'Ελένη', 'Γιώργος', 'Χριστίνα', 'Νίκος'],
    family: ['Παπαδόπουλος', 'Οικονόμου', 'Καραγιάννη', 'Βασιλείου'],
  },
  {
    locale: 'hi',
    timeZone: 'Asia/Kolkata',
    given: ['आरव', 'दीया', 'ईशान', 'काव्या', 'विवेक', 'मीरा'],
    family: ['शर्मा', 'वर्मा', 'सिंह', 'गुप्ता', 'अय्यर'],
  },
  {
    locale: 'ja',
    timeZone: 'Asia/Tokyo',
    given: ['太郎', '花子', '翔太', '美咲', '健一', '結衣'],
    family: ['山田', '佐藤', '鈴木', '高橋', '渡辺', '小林'],
  },
  {
    locale: 'zh-Hans',
    timeZone: 'Asia/Shanghai',
    given: ['伟', '秀英', '思远', '雨桐', '子轩', '静怡'],
    family: ['王', '李', '欧阳', '陈', '刘', '赵'],
  },
  {
    locale: 'ko',
    timeZone: 'Asia/Seoul',
    given: ['민준', '서연', '지훈', '하은', '도윤', '수아'],
    family: ['김', '이', '박', '최', '정', '남궁'],
  },
  {
    locale: 'yo',
    timeZone: 'Africa/Lagos',
    given: ['Adébáyọ̀', 'Ọlúfúnmiláyọ̀', 'Títílayọ̀', 'Ayọ̀délé', 'Fọláṣadé'],
    family: ['Adéwálé', 'Ògúnbíyí', 'Akínyẹmí', 'Olówòókéré'],
  },
];

/** Names that break careless code: markup, quotes, entities, one-word names, emoji, combining marks, very long ones. */
export const TROUBLESOME_NAMES: readonly (readonly [given: string, family: string])[] = [
  ['Conan', "O'Brien & Söhne"],
  ['<b>Bo</b>', 'Tag <script>'],
  ['A < B', 'C > D'],
  ['X Æ A-12', '"Quoted"'],
  ['Tom &amp; Jerry', 'Entity'],
  ['Null', 'Null'],
  ['Jose\u0301', 'Nfd-Combining'],
  ['Emoji 🎓', 'Test😀'],
  ['=SUM(A1:A9)', '+Formula'],
  ['Long'.repeat(25), 'Name'.repeat(25)],
  ['Sukarno', ' '],
  ['de la Fuente,', 'María; Jr.'],
];
