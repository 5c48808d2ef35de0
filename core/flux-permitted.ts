/**
 * What a script may use that only reads here: nothing that writes, leaves the server or reads what
 * is secret. Lists of what is allowed, so that what a later InfluxDB adds is refused until somebody
 * has looked at it.
 */

/** Which arguments a function may be given, where others would lead out of this server. */
export type Guarded = ReadonlyMap<string, ReadonlySet<string>>;

export interface PackageRule {
  /** Undefined: everything in it only computes. */
  readonly members?: ReadonlySet<string>;
  /** Of the members: to be called on the spot, with these arguments alone. */
  readonly guarded?: Guarded;
}

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

const READING: Guarded = new Map([
  ['from', words('bucket bucketID')],
  ['buckets', new Set<string>()],
  ['cardinality', words('bucket bucketID start stop predicate')],
]);

/** Functions without import that need to be called on the spot, with these arguments alone. */
export const guardedFunctions: Guarded = READING;

/** What writes: refused under any name that a script gives it. */
export const writers: ReadonlySet<string> = words('to wideTo');

/** What a script has without import, beside what is guarded and what writes. */
export const plainFunctions: ReadonlySet<string> = words(`
  aggregateWindow bool bottom bytes chandeMomentumOscillator columns contains count cov
  covariance cumulativeSum derivative die difference display distinct doubleEMA drop
  duplicate duration elapsed exponentialMovingAverage false fill filter findColumn
  findRecord first float getColumn getRecord group highestAverage highestCurrent highestMax
  histogram histogramQuantile holtWinters hourSelection increase inf int integral join
  kaufmansAMA kaufmansER keep keyValues keys last length limit linearBins logarithmicBins
  lowestAverage lowestCurrent lowestMin map max mean median min mode movingAverage now
  pearsonr pivot quantile range reduce relativeStrengthIndex rename sample set skew sort
  spread stateCount stateDuration stateTracking stddev string sum tableFind tail timeShift
  time timeWeightedAvg timedMovingAverage toBool toFloat toInt toString toTime toUInt today
  top tripleEMA tripleExponentialDerivative true truncateTimeColumn uint union unique window
  yield`);

/** Options that change nothing but the answer of the script. */
export const plainOptions: ReadonlySet<string> = words('now location');

const COMPUTES: PackageRule = {};

const SCHEMA: PackageRule = {
  members: words(`
    fieldKeys fieldsAsCols measurementFieldKeys measurementTagKeys measurementTagValues measurements
    tagKeys tagValues`),
};

/** By import path. Each is known by the last part of it. */
export const permittedPackages: ReadonlyMap<string, PackageRule> = new Map<string, PackageRule>([
  ['array', COMPUTES],
  ['bitwise', COMPUTES],
  ['contrib/tomhollingworth/events', COMPUTES],
  ['csv', { members: words('from'), guarded: new Map([['from', words('csv mode')]]) }],
  ['date', COMPUTES],
  ['date/boundaries', COMPUTES],
  ['dict', COMPUTES],
  [
    'experimental',
    {
      members: words(`
        addDuration alignTime chain count diff distinct fill first group histogram
        histogramQuantile integral join kaufmansAMA last max mean min mode objectKeys preview
        quantile set skew spread stddev subDuration sum unique unpivot window`),
    },
  ],
  ['experimental/aggregate', COMPUTES],
  ['experimental/array', COMPUTES],
  ['experimental/bitwise', COMPUTES],
  ['experimental/date/boundaries', COMPUTES],
  ['experimental/geo', COMPUTES],
  ['experimental/json', COMPUTES],
  ['experimental/oee', COMPUTES],
  ['experimental/polyline', COMPUTES],
  ['experimental/query', { members: words('filterFields filterMeasurement fromRange inBucket') }],
  ['experimental/table', COMPUTES],
  ['generate', COMPUTES],
  ['influxdata/influxdb', { members: words('from buckets cardinality'), guarded: READING }],
  ['influxdata/influxdb/monitor', { members: words('deadman stateChanges stateChangesOnly') }],
  ['influxdata/influxdb/schema', SCHEMA],
  ['influxdata/influxdb/tasks', { members: words('lastSuccess') }],
  ['influxdata/influxdb/v1', SCHEMA],
  ['interpolate', COMPUTES],
  ['join', COMPUTES],
  ['json', COMPUTES],
  ['math', COMPUTES],
  ['regexp', COMPUTES],
  ['runtime', COMPUTES],
  ['sampledata', COMPUTES],
  ['strings', COMPUTES],
  ['system', COMPUTES],
  ['timezone', COMPUTES],
  ['types', COMPUTES],
]);
