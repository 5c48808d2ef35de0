/** Points of every kind that a dashboard shows, in the last minutes, as lines. */
export function boardLines(nowMs: number): readonly string[] {
  const lines: string[] = [];
  for (let back = 1; back <= 30; back += 1) {
    const ms = nowMs - back * 20_000;
    const at = `${ms}000000`;
    for (const exchange of ['kraken', 'okx']) {
      const price = 100 + back;
      lines.push(
        `price,exchange=${exchange},pair=btcusd price=${price},volume=${back + 0.5} ${at}`,
        `ingest,exchange=${exchange} late_ms=${back}.5,took_ms=9.5,rows=400i,ok=true ${at}`,
      );
    }
    const phases = 'dns_ms=1.5,connect_ms=2.5,tls_ms=3.5,ttfb_ms=4.5,transfer_ms=5.5,total_ms=17.5';
    const ok = back % 3 > 0;
    const how = `ok=${ok},reason="${ok ? 'ok' : 'status'}",status=200i,bytes=10i,hops=0i`;
    lines.push(`scan,monitor=1 ${how},${phases} ${at}`);
    const article = `article=${back}i,title="Title ${back}",url="https://news.example/${back}"`;
    lines.push(
      `pair_rank,pair=btcusd,window=24h stddev=1.5,rank=2i,of=7i ${at}`,
      `article,feed=1,event=new ${article} ${at}`,
      `article,feed=1,event=matched,rule=3 ${article} ${at}`,
      `article,feed=1,event=mentioned,symbol=btc ${article} ${at}`,
      `feed_check,feed=1 status=200i,reason="ok",items=9i,fresh=1i,total_ms=80.5 ${at}`,
    );
  }
  return lines;
}
