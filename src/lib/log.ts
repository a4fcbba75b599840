import { type DestinationStream, type Logger, pino } from 'pino';
import { logError } from './log-error.ts';

/** The log of a process, to standard output if nothing else is given. All that writes one uses this. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino({ level, serializers: { err: logError } }, destination ?? pino.destination(1));
}
