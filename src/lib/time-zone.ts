const ZONES = new Set(Intl.supportedValuesOf('timeZone'));

/** True for a time zone name that dates can be shown in ("Europe/Berlin"). Moodle sends "99" for "the server's". */
export function isTimeZone(name: string): boolean {
  if (ZONES.has(name)) return true;
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(name)) return false;
  // Older names of the same zones are not in the list.
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
