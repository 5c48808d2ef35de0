/** The thread that reads lists of feeds: one after the other. */
import { answerTasks } from '../../core/task-answers.ts';
import { type OpmlList, type RefusedOpml, readOpml } from './opml.ts';
import type { OpmlRequest } from './opml-reader.ts';

answerTasks<OpmlRequest, OpmlList | RefusedOpml>(({ bytes, contentType }) => {
  const { buffer, byteOffset, byteLength } = bytes;
  return readOpml(Buffer.from(buffer, byteOffset, byteLength), contentType);
});
