import { FluxError } from '../../error.ts';
import { same, scalarKey } from '../../values/compare.ts';
import type { Conversion } from '../../values/convert.ts';
import {
  toBool,
  toDuration,
  toFloat,
  toInt,
  toText,
  toTime,
  toUInt,
} from '../../values/convert.ts';
import { lookupDict, makeDict } from '../../values/dict.ts';
import { then, typeName } from '../../values/types.ts';
import type { FluxArray, FluxFunction, MaybePromise, Value } from '../../values/value.ts';
import { any, array, dict as dictParam, func, pipe, record } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin } from '../registry.ts';

/** Elements of the longest array that a script may build. */
const ARRAY_LENGTH_MAX = 1_000_000;

const items = () => pipe(array(any()));

/** `fn` of each element in turn; asynchronous only where `fn` is. */
function each(arr: FluxArray, fn: FluxFunction): MaybePromise<Value[]> {
  const name = fn.parameters[0]?.name ?? 'x';
  const out: Value[] = [];
  const from = (index: number): MaybePromise<Value[]> => {
    for (let i = index; i < arr.length; i += 1) {
      const value = fn.call(new Map([[name, arr[i]!]]));
      if (value instanceof Promise) {
        return value.then((settled) => {
          out.push(settled);
          return from(i + 1);
        });
      }
      out.push(value);
    }
    return out;
  };
  return from(0);
}

function arrayFunctions(packagePath: string): Entry[] {
  return [
    builtin({
      package: packagePath,
      name: 'concat',
      params: { arr: items(), v: array(any()) },
      call({ arr, v }) {
        if (arr.length + v.length > ARRAY_LENGTH_MAX) {
          throw new FluxError(`array is longer than ${ARRAY_LENGTH_MAX} elements`);
        }
        return [...arr, ...v];
      },
    }),
    builtin({
      package: packagePath,
      name: 'map',
      params: { arr: items(), fn: func() },
      call: ({ arr, fn }) => each(arr, fn),
    }),
    builtin({
      package: packagePath,
      name: 'filter',
      params: { arr: items(), fn: func() },
      call: ({ arr, fn }) =>
        then(each(arr, fn), (answers) => arr.filter((_, index) => truth(answers[index]!))),
    }),
  ];
}

function truth(answer: Value): boolean {
  if (typeof answer === 'boolean' || answer === null) return answer === true;
  throw new FluxError(`expected bool but found ${typeName(answer)} (result of fn)`);
}

function arrayConversion(name: string, convert: Conversion): Entry {
  return builtin({
    package: 'experimental/array',
    name,
    params: { arr: items() },
    call: ({ arr }) => arr.map(convert),
  });
}

export const arrays: readonly Entry[] = [
  ...arrayFunctions('array'),
  ...arrayFunctions('experimental/array'),
  arrayConversion('toBool', toBool),
  arrayConversion('toDuration', toDuration),
  arrayConversion('toFloat', toFloat),
  arrayConversion('toInt', toInt),
  arrayConversion('toString', toText),
  arrayConversion('toTime', toTime),
  arrayConversion('toUInt', toUInt),
];

/** A dictionary's keys and values are each of one type. */
function checkKind(expected: Value | undefined, got: Value, what: string): void {
  if (expected === undefined || expected === null || got === null) return;
  if (typeName(expected) === typeName(got)) return;
  throw new FluxError(`expected ${typeName(expected)} but found ${typeName(got)} (${what})`);
}

const get = builtin({
  package: 'dict',
  name: 'get',
  params: { dict: dictParam(), key: any(), default: any() },
  call({ dict, key, default: fallback }) {
    checkKind(dict.entries.keys().next().value, key, 'argument key of function "get"');
    return lookupDict(dict, key) ?? fallback;
  },
});

const fromList = builtin({
  package: 'dict',
  name: 'fromList',
  params: { pairs: array(record()) },
  call: ({ pairs }) =>
    makeDict(
      pairs.map((pair) => {
        const [key, value] = [pair.get('key'), pair.get('value')];
        if (key === undefined || value === undefined) {
          throw new FluxError('fromList: each pair needs key and value');
        }
        return [key, value] as const;
      }),
    ),
});

export const dict: readonly Entry[] = [
  get,
  fromList,
  builtin({
    package: 'dict',
    name: 'insert',
    params: { dict: dictParam(), key: any(), value: any() },
    call({ dict, key, value }) {
      const [first] = dict.entries;
      checkKind(first?.[0], key, 'argument key of function "insert"');
      checkKind(first?.[1], value, 'argument value of function "insert"');
      scalarKey(key);
      return makeDict([...dict.entries, [key, value]]);
    },
  }),
  builtin({
    package: 'dict',
    name: 'remove',
    params: { dict: dictParam(), key: any() },
    call: ({ dict, key }) => makeDict([...dict.entries].filter(([own]) => !same(own, key))),
  }),
];
