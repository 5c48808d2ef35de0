/** The shapes of the Flux console: scripts in, rows, complaints and proposals out. */
import { z } from 'zod';
import { SCRIPT_BYTES_MAX } from '../../core/flux-size.ts';
import { lines, said } from '../http/field-schemas.ts';

const ROWS_MAX = 1_000_000;
const ROWS_USUAL = 100_000;

const query = lines(SCRIPT_BYTES_MAX)
  .min(1)
  .meta({
    description: `A Flux script; at most ${SCRIPT_BYTES_MAX / 1024} KiB.`,
    examples: ['buckets()'],
  });

export const fluxWish = z
  .strictObject({
    query,
    rows: z
      .int()
      .min(1)
      .max(ROWS_MAX)
      .default(ROWS_USUAL)
      .meta({ description: 'At most so many rows; an answer that has more says that it was cut.' }),
  })
  .meta({ id: 'FluxScript' });

export const fluxCheckWish = z.strictObject({ query }).meta({ id: 'FluxCheckScript' });

const place = (what: string) => z.int().min(1).meta({ description: what });

export const fluxCompleteWish = z
  .strictObject({
    query: lines(SCRIPT_BYTES_MAX).meta({ description: 'The script as far as it is written.' }),
    line: place('Where the cursor is, from 1.'),
    column: place('From 1, in UTF-16 units: the one that the cursor stands before.'),
  })
  .meta({ id: 'FluxCursor' });

const complaint = z
  .object({
    message: said(z.string(), 'What is wrong.'),
    line: said(z.int().optional(), 'From 1; absent: the script as a whole.'),
    column: said(z.int().optional(), 'From 1, in UTF-16 units.'),
    endLine: said(z.int().optional(), 'Where it ends.'),
    endColumn: said(z.int().optional(), 'One behind the last.'),
  })
  .meta({ id: 'FluxComplaint' });

const column = z.object({
  name: said(z.string(), 'Its label.'),
  type: said(z.string(), "InfluxDB's: string, long, double, boolean, dateTime:RFC3339..."),
  group: said(z.boolean(), 'Part of the group key.'),
});

export const fluxAnswer = z
  .object({
    tables: said(
      z.array(
        z.object({
          columns: said(z.array(column), '`result` and `table` tell the tables apart.'),
          rows: said(
            z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
            'A cell a column. Numbers keep their digits; null: empty, or no finite number.',
          ),
        }),
      ),
      'One for each group of columns, in the order of the answer.',
    ),
    rows: said(z.int(), 'How many, of all tables.'),
    cut: said(z.boolean(), 'Whether there are more.'),
    error: z
      .object({
        code: said(z.string(), 'As in other errors.'),
        message: said(z.string(), 'What failed after these rows: they are not the whole answer.'),
        errors: said(z.array(complaint), 'The same, with places in the script.'),
      })
      .optional()
      .meta({ description: 'Only where it failed half way.' }),
  })
  .meta({ id: 'FluxAnswer' });

export const fluxCheckAnswer = z
  .object({
    errors: said(z.array(complaint), 'What keeps it from running, as the type checker finds.'),
    readOnly: said(z.boolean(), 'Whether it does no more than read here.'),
    needs: said(z.enum(['read', 'admin']), 'The role of a key that may run it.'),
    refusals: said(z.array(complaint), 'Why a key that reads may not; 50 at most.'),
  })
  .meta({ id: 'FluxCheck' });

export const fluxCompleteAnswer = z
  .object({
    from: said(
      z.object({ line: place('From 1.'), column: place('From 1, in UTF-16 units.') }),
      'What stands between here and the cursor gives way to what is inserted.',
    ),
    items: said(
      z.array(
        z.object({
          label: said(z.string(), 'To show.'),
          kind: said(z.string(), 'function, constant, parameter, package, variable, column...'),
          detail: said(z.string(), 'Its parameters, its type, or what it is about.'),
          insert: said(z.string(), 'To write.'),
        }),
      ),
      'The likeliest first; 60 at most.',
    ),
  })
  .meta({ id: 'FluxProposals' });

export const fluxExamplesAnswer = z
  .object({
    items: z.array(
      z.object({
        name: said(z.string(), 'Of the script.'),
        about: said(z.string(), 'What it answers.'),
        query: said(z.string(), 'The script, with the bucket of this Tidemark.'),
      }),
    ),
  })
  .meta({ id: 'FluxExamples' });
