import type { TFunction } from 'i18next';

/** How one person reads: their language, zone and clock; what view models write texts, times and numbers with. */
export type Reader = {
  t: TFunction;
  number(value: number): string;
  /** A moment as "3 minutes ago", with the exact time beside it. */
  time(at: number): TimeText;
  /** A moment as day and time with the day of the week, however near it is: "Mon, Nov 23, 10:00 AM". */
  moment(at: number): TimeText;
  /** A day without a zone (yyyy-mm-dd): "Nov 23, 2026". */
  day(day: string): string;
  /** A length of time in milliseconds: "2 min 5 sec". */
  duration(ms: number): string;
};

/** A moment in words; what `views/partials/time.ejs` prints. */
export type TimeText = {
  iso: string;
  text: string;
  exact: string;
  /** True while the person's zone is not known: the exact time is in UTC, and a script of the page may put it right. */
  localise: boolean;
};

/** Who reads, and when: `now` is in milliseconds; without a `timeZone` exact times are told in UTC. */
type Person = { t: TFunction; locale: string; timeZone: string | null; now: number };

const FORMATS_KEPT = 500;

/** Makes readers that share their formats by language and zone: making the formats takes longer than a page's queries. */
export function createReaders(): (from: Person) => Reader {
  const made = new Map<string, Formats>();
  return (from) => {
    const key = `${from.locale} ${from.timeZone}`;
    const formats = made.get(key) ?? createFormats(from);
    if (made.size < FORMATS_KEPT) made.set(key, formats);
    return createReader(from, formats);
  };
}

type Formats = ReturnType<typeof createFormats>;

function createFormats({ locale, timeZone }: Pick<Person, 'locale' | 'timeZone'>) {
  return {
    numbers: new Intl.NumberFormat(locale),
    exact: new Intl.DateTimeFormat(locale, {
      dateStyle: 'medium',
      timeStyle: 'short',
      timeZone: timeZone ?? 'UTC',
    }),
    moment: new Intl.DateTimeFormat(locale, {
      ...{ weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' },
      timeZone: timeZone ?? 'UTC',
    }),
    day: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }),
  };
}

export function createReader(from: Person, formats: Formats = createFormats(from)): Reader {
  const { t, locale, timeZone, now } = from;
  const { numbers, exact, relative, moment, day } = formats;
  return {
    t,
    number: (value) => numbers.format(value),
    time(at) {
      const date = new Date(at);
      const full = timeZone === null ? t('time.utc', { time: exact.format(date) }) : exact.format(date);
      const step = relativeStep(at - now);
      const text = step ? relative.format(step.value, step.unit) : full;
      return { iso: date.toISOString(), text, exact: full, localise: timeZone === null };
    },
    moment(at) {
      const text = moment.format(at);
      const full = timeZone === null ? t('time.utc', { time: text }) : text;
      return { iso: new Date(at).toISOString(), text: full, exact: full, localise: timeZone === null };
    },
    day: (iso) => day.format(Date.parse(iso)),
    duration: (ms) => durationParts(ms, locale).join(' '),
  };
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The coarsest unit that fits the rounded number, or null from a week on, where a date says more. */
function relativeStep(ms: number): { value: number; unit: 'second' | 'minute' | 'hour' | 'day' } | null {
  const seconds = Math.trunc(ms / 1000);
  if (Math.abs(seconds) < 45) return { value: 0, unit: 'second' };
  const minutes = Math.round(seconds / MINUTE);
  if (Math.abs(minutes) < 60) return { value: minutes, unit: 'minute' };
  const hours = Math.round(seconds / HOUR);
  if (Math.abs(hours) < 24) return { value: hours, unit: 'hour' };
  const days = Math.round(seconds / DAY);
  return Math.abs(days) < 7 ? { value: days, unit: 'day' } : null;
}

function durationParts(ms: number, locale: string): string[] {
  const seconds = ms / 1000;
  const unit = (value: number, name: 'second' | 'minute' | 'hour', digits = 0) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    }).format(value);
  const whole = Math.round(seconds);
  if (whole < MINUTE) return [unit(seconds, 'second', seconds < 10 ? 1 : 0)];
  if (whole < HOUR) return [unit(Math.floor(whole / MINUTE), 'minute'), unit(whole % MINUTE, 'second')];
  return [unit(Math.floor(whole / HOUR), 'hour'), unit(Math.floor((whole % HOUR) / MINUTE), 'minute')];
}
