/** The InfluxDB version whose HTTP API the engine speaks. */
export const VERSION = 'v2.7.12';
