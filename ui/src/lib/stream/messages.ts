/** Server-sent events out of a byte stream: a message may come in any pieces. */

export interface Message {
  id: string | null;
  event: string;
  data: string[];
}

/** More than central ever puts in one message, by far. */
const MAX_MESSAGE = 4 << 20;

export class Messages {
  private rest = '';
  private readonly decoder = new TextDecoder();

  /** Take the next bytes, and give the messages that are whole now. */
  feed(bytes: Uint8Array): Message[] {
    this.rest += this.decoder.decode(bytes, { stream: true });
    if (this.rest.length > MAX_MESSAGE) throw new Error('central sent an unfinished message');
    const parts = this.rest.split('\n\n');
    this.rest = parts.pop() ?? '';
    return parts.flatMap((part) => message(part) ?? []);
  }
}

function message(part: string): Message | null {
  const message: Message = { id: null, event: 'message', data: [] };
  let complete = false;
  for (const line of part.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    switch (line.slice(0, colon)) {
      case 'id':
        message.id = value;
        break;
      case 'event':
        message.event = value;
        break;
      case 'data':
        message.data.push(value);
        complete = true;
    }
  }
  return complete ? message : null;
}
