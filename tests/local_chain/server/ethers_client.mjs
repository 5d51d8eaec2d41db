// Works on a chain as an application built on ethers would, and prints what it saw as JSON.
// Arguments: ethers' module, the node's URL, a private key, the notebook's creation code.

const [modulePath, url, key, initcode] = process.argv.slice(2);
const { ethers } = await import(modulePath);

const provider = new ethers.JsonRpcProvider(url, undefined, { pollingInterval: 50, cacheTimeout: -1 });
const wallet = new ethers.Wallet(key, provider);
const word = (value) => ethers.toBeHex(value, 32);
const note = (slot, value) => ethers.concat([word(slot), word(value)]);
const seen = {};

const { chainId } = await provider.getNetwork();
seen.chainId = Number(chainId);
const fees = await provider.getFeeData();
seen.fees = [fees.gasPrice, fees.maxFeePerGas, fees.maxPriorityFeePerGas].map(String);

// ethers' own wait() looks for the receipt again when the next block comes. Here a block comes only
// when there is something to record: the one it waits for may have come while it began to wait.
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const receiptOf = async ({ hash }) => {
  for (;;) {
    const receipt = await provider.getTransactionReceipt(hash);
    if (receipt !== null) return receipt;
    await sleep(20);
  }
};

const notebook = await new ethers.ContractFactory([], initcode, wallet).deploy();
await receiptOf(notebook.deploymentTransaction());
const to = await notebook.getAddress();

// Subscribing installs a filter on the node, which is asked once and then after each new block.
const filter = { address: to, topics: [word(5)] };
const polled = new Promise((resolve) =>
  provider.on("debug", ({ payload }) => {
    if (JSON.stringify(payload ?? "").includes("eth_getFilterChanges")) resolve();
  }),
);
const heard = new Promise((resolve) => provider.on(filter, resolve));
await polled;
await sleep(1000); // twenty looks for a new block: ethers knows with which one it begins

const free = { maxFeePerGas: 0, maxPriorityFeePerGas: 0 };
const legacy = await wallet.sendTransaction({ to, data: note(4, 44) }); // as it chooses itself
const dynamic = await wallet.sendTransaction({ to, data: note(5, 55), ...free });
const receipts = [await receiptOf(legacy), await receiptOf(dynamic)];
seen.types = receipts.map((receipt) => receipt.type);
seen.statuses = receipts.map((receipt) => receipt.status);

// ethers asks its filter again when a block comes; should it have missed one, there will be another.
let isHeard = false;
heard.then(() => (isHeard = true));
for (await sleep(500); !isHeard; await sleep(500)) {
  await receiptOf(await wallet.sendTransaction({ to: wallet.address, ...free }));
}
const log = await heard;
seen.heard = { data: log.data, isOfThatTransaction: log.transactionHash === dynamic.hash };
seen.logs = (await provider.getLogs({ address: to, fromBlock: 0 })).map((one) => one.data);
seen.stored = await provider.call({ to, data: word(5) });
const finalized = await provider.getBlock("finalized");
seen.finalizedIsHead = finalized.number === (await provider.getBlockNumber());

const reason = new ethers.Interface(["error NotMandated(uint256 issuer)"]);
const contract = new ethers.Contract(to, ["function Error(string)", ...reason.format()], wallet);
const refused = { to, data: reason.encodeErrorResult("NotMandated", [7]) };
try {
  await provider.call(refused);
} catch (error) {
  const parsed = contract.interface.parseError(error.data);
  seen.refusal = { code: error.code, name: parsed.name, issuer: Number(parsed.args.issuer) };
}
try {
  await contract.Error("未获授权");
} catch (error) {
  seen.reason = error.reason;
}

// ethers sends what is asked for at the same time as one batch.
const numbers = [0, 1, 2, 3, ...[...Array(16).keys()].map((number) => 1000 + number)];
const blocks = await Promise.all(numbers.map((number) => provider.getBlock(number)));
seen.blocks = blocks.map((block) => (block === null ? null : block.number));

provider.destroy();
console.log(JSON.stringify(seen));
