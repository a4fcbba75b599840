import { describe, expect, it } from 'vitest';
import { formatMeetingNumber, readMeetingNumber } from '../../src/zoom/read-meeting-number.ts';

const INVITATION = `Ada Lovelace is inviting you to a scheduled Zoom meeting.

Topic: Biology 101
Time: Nov 23, 2026 10:00 AM Berlin
        Every week on Mon, until Feb 1, 2027, 11 occurrence(s)

Join Zoom Meeting
https://us02web.zoom.us/j/81234567890?pwd=c2VjcmV0LXBhc3M.1

Meeting ID: 812 3456 7890
Passcode: 4711471147

---
One tap mobile
+13017158592,,81234567890#,,,,*4711471147# US (Washington DC)
+16469313860,,81234567890#,,,,*4711471147# US

Dial by your location
• +1 301 715 8592 US (Washington DC)
• +49 69 7104 9922 Germany
Find your local number: https://us02web.zoom.us/u/kb1cDeFgHi

Join by SIP
• 81234567890@zoomcrc.com`;

const withoutLink = INVITATION.replace(/https:\S+\/j\/\S+/, '');

describe('a pasted meeting', () => {
  it.each([
    ['digits', '12345678901', '12345678901'],
    ['spaces', ' 123 4567 8901 ', '12345678901'],
    ['dashes', '123-456-7890', '1234567890'],
    ['nine digits of old', '123-456-789', '123456789'],
    ['Unicode dashes', '123‐4567–8901', '12345678901'],
    ['no-break spaces', '123\u00a04567\u202f8901', '12345678901'],
    ['full-width digits', '１２３ ４５６７ ８９０１', '12345678901'],
    ['Arabic digits', '١٢٣ ٤٥٦٧ ٨٩٠١', '12345678901'],
    ['marks that nobody sees', '\u200e\ufeff123 4567\u200b 8901\u202c', '12345678901'],
    ['a label', 'ID: 123 4567 8901', '12345678901'],
    ['a full-width label', 'ＩＤ：１２３４５６７８９０１', '12345678901'],
    ['a sentence', 'we meet in 123 4567 8901, as ever', '12345678901'],
    ['a number beside its passcode', '812 3456 7890 Passcode: 1234567890', '81234567890'],
    ['an invitation without its link', withoutLink, '81234567890'],
    ['what a phone dials', '+13017158592,,81234567890#,,,,*471147#', '81234567890'],
    ['a room system', 'SIP: 81234567890.471147@zoomcrc.com', '81234567890'],
  ])('is read from %s', (_form, text, number) => {
    const joinUrl = `https://zoom.us/j/${number}`;
    expect(readMeetingNumber(text)).toEqual({ ok: true, value: { kind: 'number', number, joinUrl } });
  });

  it.each([
    ['https://zoom.us/j/81234567890', 'zoom.us'],
    ['https://us02web.zoom.us/j/81234567890?pwd=abc&from=addon', 'us02web.zoom.us'],
    ['https://Org.Zoom.us/s/81234567890', 'org.zoom.us'],
    ['https://zoom.us/w/81234567890?tk=abc&pwd=def', 'zoom.us'],
    ['https://zoom.us/webinar/81234567890', 'zoom.us'],
    ['https://zoom.us/wc/81234567890/join?pwd=abc', 'zoom.us'],
    ['https://zoom.us/wc/join/81234567890', 'zoom.us'],
    ['https://zoom.us/launch/jc/81234567890', 'zoom.us'],
    ['https://us02web.zoom.us/meeting/81234567890', 'us02web.zoom.us'],
    ['zoommtg://zoom.us/join?action=join&confno=81234567890&pwd=abc', 'zoom.us'],
    ['zoomus://org.zoom.us/join?confno=81234567890', 'org.zoom.us'],
    ['zoom.us/j/81234567890', 'zoom.us'],
    ['Join (https://zoom.us/j/81234567890).', 'zoom.us'],
    ['https://www.google.com/url?q=https://zoom.us/j/81234567890%3Fpwd%3Dabc&sa=D', 'zoom.us'],
    ['https://eu.safelinks.example/?url=https%3A%2F%2Forg.zoom.us%2Fj%2F81234567890&data=05', 'org.zoom.us'],
    ['https://zoom.us/my/ada and https://zoom.us/j/81234567890', 'zoom.us'],
    [INVITATION, 'us02web.zoom.us'],
  ])('is read from %s, which is joined on Zoom’s host and without its passcode', (text, host) => {
    const joinUrl = `https://${host}/j/81234567890`;
    expect(readMeetingNumber(text)).toEqual({ ok: true, value: { kind: 'number', number: '81234567890', joinUrl } });
  });

  it('can be a personal link, which holds no number', () => {
    const found = readMeetingNumber('https://org.zoom.us/my/Ada.Lovelace?pwd=abc');
    expect(found).toEqual({ ok: true, value: { kind: 'personal-link', name: 'ada.lovelace' } });
  });

  it.each([
    ['', 'empty'],
    [' \u200b\n', 'empty'],
    ['next Monday at 10', 'no-number'],
    ['https://zoom.us/', 'no-number'],
    ['https://us02web.zoom.us/u/kb1cDeFgHi', 'no-number'],
    ['12345678', 'wrong-length'],
    ['1234 5678 9012 3', 'wrong-length'],
    ['01234567890', 'wrong-length'],
    ['Passcode: 1234567890', 'no-number'],
    ['+49 69 7104 9922', 'no-number'],
    ['123 4567 8901 or maybe 987 6543 2109', 'several-numbers'],
    ['https://zoom.us/j/81234567890 https://zoom.us/j/81234567891', 'several-numbers'],
    ['https://zoom.us/rec/share/abc.def?pwd=1', 'recording-link'],
    ['https://us02web.zoom.us/rec/play/81234567890', 'recording-link'],
    ['https://zoom.us/meeting/register/tZ0sd-abc', 'registration-link'],
    ['https://zoom.us/webinar/register/WN_abc', 'registration-link'],
    ['https://teams.example/l/meetup/81234567890', 'other-site'],
    ['https://zoom.us.evil.example/j/81234567890', 'other-site'],
    ['https://evilzoom.us/j/81234567890', 'other-site'],
    ['https://zoom.us@evil.example/j/81234567890', 'other-site'],
    ['https://evil.example/zoom.us/j/81234567890', 'other-site'],
  ])('%j is refused with its reason', (text, reason) => {
    expect(readMeetingNumber(text)).toEqual({ ok: false, reason });
  });

  it('is written as Zoom writes it', () => {
    expect(['12345678901', '1234567890', '123456789'].map(formatMeetingNumber)).toEqual([
      '123 4567 8901',
      '123 456 7890',
      '123 456 789',
    ]);
  });
});
