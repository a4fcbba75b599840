/** One line of `rostrum doctor`. */
export type Check = { name: string; status: 'ok' | 'warning' | 'fault'; message: string };

export function well(name: string, message: string): Check {
  return { name, status: 'ok', message };
}

export function warning(name: string, message: string): Check {
  return { name, status: 'warning', message };
}

export function fault(name: string, message: string): Check {
  return { name, status: 'fault', message };
}
