// Drives Chromium by the steps of a story, which come as JSON on standard input; what was
// seen goes to standard output as JSON. A step that cannot be done ends it with the reason.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const peers = createRequire(join(process.env.TIDINGS_TEST_NODE_MODULES, "x.js"));
const { chromium } = peers("playwright-core");
const axe = readFileSync(peers.resolve("axe-core/axe.min.js"), "utf8");

const { base, chromium: executablePath, steps } = JSON.parse(readFileSync(0, "utf8"));
const WAIT = 20_000;
const MOST_TABS = 250;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
let context;
let page;

/** A window of its own, with the cookies of the one before. */
async function look({ width = 1280, scripts = true, scheme = "light" } = {}) {
  const storageState = await context?.storageState();
  await context?.close();
  context = await browser.newContext({
    viewport: { width, height: 800 },
    javaScriptEnabled: scripts,
    colorScheme: scheme,
    reducedMotion: "reduce",
    bypassCSP: true,
    storageState,
  });
  page = await context.newPage();
  page.setDefaultTimeout(WAIT);
}

/** What has the focus, as a selector a person would know it by. */
const focused = () => page.evaluate(() => {
  const at = document.activeElement;
  return at?.name ? `[name="${at.name}"]` : at?.id ? `#${at.id}` : at?.textContent.trim();
});

/** Walks by the Tab key until the element has the focus; gives how far it was. */
async function tabTo(selector) {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    const there = await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);
    if (there) return tabs;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the Tab key does not reach ${selector}; it is at ${await focused()}`);
}

const ACTS = {
  look,
  open: (path) => page.goto(base + path),
  click: (selector) => page.locator(selector).first().click(),
  check: (selector) => page.check(selector),
  uncheck: (selector) => page.uncheck(selector),
  choose: ([selector, value]) => page.selectOption(selector, value),
  fill: ([selector, value]) => page.fill(selector, value),
  tab: tabTo,
  press: (key) => page.keyboard.press(key),
  settle: () => page.waitForLoadState("load"),
  /** Sends a form by the Enter key, and waits for the page that answers. */
  enter: async () => {
    const answered = page.waitForNavigation({ waitUntil: "load" });
    await page.keyboard.press("Enter");
    await answered;
  },
  read: (selector) => page.locator(selector).allInnerTexts(),
  path: () => new URL(page.url()).pathname + new URL(page.url()).search,
  /** How many pixels are too wide. */
  overflow: () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
  /** What axe-core finds. */
  axe: async () => {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  },
};

await look();
const seen = [];
for (const step of steps) {
  const [[act, given]] = Object.entries(step);
  try {
    const got = await ACTS[act](given);
    if (["read", "path", "overflow", "axe", "tab"].includes(act)) seen.push(got);
  } catch (error) {
    console.error(`${JSON.stringify(step)} at ${page.url()}: ${error.message}`);
    process.exit(1);
  }
}
await browser.close();
process.stdout.write(JSON.stringify(seen));
