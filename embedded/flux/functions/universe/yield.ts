import { asStream } from '../../tables/stream.ts';
import { pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

export const yieldBuiltin = builtin({
  package: 'universe',
  name: 'yield',
  params: { tables: pipe(), name: string('_result') },
  call({ tables, name }, context) {
    const stream = asStream(tables, context).use();
    context.yield(name, stream);
    return stream;
  },
});
