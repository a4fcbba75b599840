import { describe, expect, it } from 'vitest';
import { readSettingsForm, settingsChange, settingsValues } from '../../src/channels/settings-form.ts';
import { makeChannel } from '../storage/support/builders.ts';

/** The form of a channel as a browser sends it back untouched. */
function untouched(channel: ReturnType<typeof makeChannel>) {
  const values = settingsValues(channel);
  const description = values.description.replace(/\r\n?|\n/g, '\r\n');
  const form = readSettingsForm({ ...values, description, version: '1', was: JSON.stringify(values) });
  if (!form) throw new Error('The form was not read');
  return form;
}

describe('a settings form', () => {
  it.each([
    { description: '  indented\n' },
    { description: 'one\r\ntwo\rthree\n\n' },
    { givenName: 'two\nlines' },
    { referenceId: ' A\r\nB ' },
    { tags: ['a, b', 'c\nd', ' e '] },
  ])('that nobody touched changes nothing of %j', (given) => {
    const channel = makeChannel(given);
    const form = untouched(channel);
    expect(form.values).toEqual(form.was);
    const { name, ...change } = settingsChange(form.values, channel);
    expect({ ...channel, ...change, givenName: name }).toEqual(channel);
  });

  it('stores what was typed with one kind of line break and nothing blank around it', () => {
    const channel = makeChannel();
    const values = { ...settingsValues(channel), description: ' \r\nOne\r\ntwo\r\n', givenName: ' Cells ' };
    const form = readSettingsForm({ ...values, version: '1', was: '{}' });
    expect(form && settingsChange(form.values, channel)).toMatchObject({ description: 'One\ntwo', name: 'Cells' });
  });
});
