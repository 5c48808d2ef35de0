/**
 * Currencies that news speak of, the most traded first. A line is a ticker and the names of it. `~`
 * marks what is also an ordinary word or something else: such a ticker counts with $ or beside a
 * name of it, such a name beside its ticker. A name in lower case is known in any case, another as
 * it is written.
 */
const LINES = `
BTC bitcoin, bitcoins
ETH ethereum, ether
USDT Tether
XRP Ripple, xrp ledger
BNB binance coin, bnb chain
SOL solana
USDC usd coin, usdc
DOGE dogecoin
TRX tron, tronix
ADA cardano
STETH lido staked ether
WBTC wrapped bitcoin
HYPE~ hyperliquid
LINK~ chainlink
XLM stellar lumens, stellar network, Stellar~
BCH bitcoin cash
SUI Sui
AVAX Avalanche
LEO~ unus sed leo
HBAR hedera
LTC litecoin
SHIB shiba inu
TON~ toncoin, the open network
CRO cronos
DOT~ polkadot
DAI~ makerdao dai
XMR monero
UNI uniswap
MNT~ Mantle~
AAVE aave
NEAR~ near protocol
PEPE pepecoin, pepe coin
TAO~ bittensor
APT~ Aptos
ICP internet computer
ETC~ ethereum classic
ONDO ondo finance, Ondo
WLD worldcoin
OKB okb token
POL~ polygon ecosystem token
MATIC polygon matic, Polygon
KAS kaspa
ARB arbitrum
VET~ vechain
ATOM cosmos hub, Cosmos
ENA ethena
FIL filecoin
RENDER~ render token, render network, Render~
RNDR Render~
ALGO~ algorand
WIF dogwifhat
BONK bonk inu, Bonk~
FLOKI floki inu, floki
SEI~ sei network, sei protocol
TIA~ celestia
JUP~ Jupiter~, jupiter exchange
INJ injective, injective protocol
STX stacks protocol, Stacks~
OP~ Optimism~, op mainnet
IMX immutable x, immutablex, Immutable~
GRT the graph, Graph~
FET~ fetch.ai, artificial superintelligence alliance
LDO lido dao, lido finance, Lido
THETA~ theta network
GALA~ gala games, Gala~
SAND~ the sandbox, Sandbox~
MANA~ decentraland
AXS axie infinity
FLOW~ flow blockchain, Flow~
XTZ tezos
EOS~ eosio
NEO~ neo blockchain, Neo~
EGLD multiversx, elrond
RUNE~ thorchain
CAKE~ pancakeswap
CRV curve finance, curve dao, Curve~
MKR makerdao, Maker~
SNX synthetix
COMP~ compound finance, Compound~
SUSHI~ sushiswap
YFI yearn, yearn.finance, yearn finance
BAL~ balancer protocol, Balancer~
ZRX 0x protocol
BAT~ basic attention token
ENJ enjin, enjin coin
CHZ chiliz
ZEC zcash
DASH~ dash coin, Dash~
DCR decred
QTUM qtum
IOTA~ iota foundation, IOTA~
MIOTA iota foundation
XEM nem coin
ZIL~ zilliqa
ONE~ harmony one, Harmony~
ONT~ ontology network, Ontology~
ICX~ icon network
KSM kusama
CELO~ celo
KAVA~ kava
ROSE~ oasis network
MINA~ mina protocol
AR~ arweave
GAS~ neogas
ANKR ankr
LRC~ loopring
HOT~ holochain, Holo~
BTT~ bittorrent token, BitTorrent~
XDC~ xdc network
GNO~ gnosis
ENS~ ethereum name service
DYDX dydx
GMX gmx
PENDLE pendle finance, Pendle
CVX~ convex finance
FXS frax share, Frax
RPL~ rocket pool
SSV~ ssv network
EIGEN~ eigenlayer, eigen layer
STRK starknet
ZK~ zksync
ZRO~ layerzero
W~ Wormhole~
PYTH~ pyth network
JTO jito
RAY~ raydium
ORCA~ Orca~
HNT~ helium network, Helium~
MOBILE~ helium mobile
AKT~ akash network, akash
OSMO osmosis zone, Osmosis~
KCS kucoin token
GT~ gatetoken
HT~ huobi token
FTT~ ftx token
NEXO nexo
PAXG pax gold, paxos gold
XAUT tether gold
TUSD trueusd
FDUSD first digital usd
PYUSD paypal usd
USDE ethena usde
USDS~ sky dollar
FRAX~ frax dollar
BUSD binance usd
GUSD gemini dollar
EURC euro coin
LUNA~ terra luna
LUNC terra classic, luna classic
UST~ terrausd, terra usd
USTC terraclassicusd
TRUMP~ official trump, trump coin, trump memecoin
MELANIA~ melania coin, melania memecoin
WLFI world liberty financial
PENGU~ pudgy penguins
FARTCOIN fartcoin
VIRTUAL~ virtuals protocol
AIXBT aixbt
BRETT~ Brett~
POPCAT popcat
MEW~ cat in a dogs world
BOME book of meme
TURBO~ Turbo~
ORDI ordi
SATS~ 1000sats
XVG~ verge currency
SC~ siacoin
DGB digibyte
RVN ravencoin
BSV bitcoin sv, bitcoin satoshi vision
BTG bitcoin gold
KDA~ kadena
FLR~ flare network
QNT~ quant network
XCN onyxcoin
AMP~ amp token
JASMY jasmycoin
APE~ apecoin
BLUR~ Blur~
MASK~ mask network
LPT~ livepeer
STORJ storj
GLM golem network
OCEAN~ ocean protocol
AGIX singularitynet
CFX~ conflux network, Conflux
MOVE~ movement network
BERA~ berachain
S~ sonic labs, Sonic~
FTM fantom, fantom opera
IP~ story protocol
`;

/** One text that stands for a currency. */
export interface AssetName {
  readonly ticker: string;
  readonly text: string;
  /** Only as it is written. */
  readonly matchCase: boolean;
}

interface Asset {
  readonly ticker: string;
  readonly weak: boolean;
  readonly names: readonly { readonly text: string; readonly weak: boolean }[];
}

const assets: readonly Asset[] = LINES.trim()
  .split('\n')
  .map((line) => {
    const [first = '', ...rest] = line.split(' ');
    const names = rest.join(' ').split(', ');
    const marked = (text: string) => ({ text: text.replace('~', ''), weak: text.endsWith('~') });
    const { text: ticker, weak } = marked(first);
    return { ticker, weak, names: names.map(marked) };
  });

/** Every ticker of the list. */
export const tickers: ReadonlySet<string> = new Set(assets.map(({ ticker }) => ticker));

/** All texts that a currency is known by: tickers, names, and both side by side. */
export const assetNames: readonly AssetName[] = assets.flatMap(({ ticker, weak, names }) => {
  const known: AssetName[] = weak ? [] : [{ ticker, text: ticker, matchCase: true }];
  for (const { text, weak: needsTicker } of names) {
    if (!needsTicker) known.push({ ticker, text, matchCase: text !== text.toLowerCase() });
    if (!needsTicker && !weak) continue;
    for (const both of [`${ticker} ${text}`, `${text} ${ticker}`, `${text}'s ${ticker}`]) {
      known.push({ ticker, text: both, matchCase: true });
    }
  }
  return known;
});
