// Takes the pictures of this folder from a running demo.
//
//   npm install playwright-core                # once, anywhere above this file or in the working folder
//   tidings demo &                             # or: cargo run --release -- demo
//   node docs/screenshots/take.mjs [BASE] [OUT]
//
// BASE is http://127.0.0.1:8080 and OUT this folder unless given. Chromium is looked for
// where Debian puts it; CHROMIUM names another one. Every page is taken at desk and phone
// width, light and dark; PAGES=list,path takes only some.

import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const load = () => {
  for (const from of [join(process.cwd(), "x.js"), fileURLToPath(import.meta.url)]) {
    try {
      return createRequire(from)("playwright-core");
    } catch {
      // The next place may have it.
    }
  }
  console.error("playwright-core is missing: npm install playwright-core");
  process.exit(1);
};
const { chromium } = load();

const base = (process.argv[2] ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const out = process.argv[3] ?? here;
const only = process.env.PAGES?.split(",");
const SIZES = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
const WAIT = 15_000;

/** Signs in as the first customer of the demo whose messages are in English. */
async function signIn(page) {
  await page.goto(`${base}/sign-in`);
  const english = page.locator("button.person", { hasText: "English" }).first();
  await english.click({ timeout: WAIT });
  await page.waitForURL("**/messages", { timeout: WAIT });
  await page.locator("#list .row").first().waitFor({ timeout: WAIT });
}

/** Opens a message that says much: one with the steps of a parcel's way. */
async function openMessage(page) {
  await page.goto(`${base}/messages?category=orders`);
  const way = page.locator("#list .row a", { hasText: /on its way|out for delivery|confirmed/i });
  await way.first().click({ timeout: WAIT });
  await page.locator("#subject").waitFor({ timeout: WAIT });
}

/** What to show, in order; each function leads a signed-in page there. */
const PAGES = {
  home: (page) => page.goto(`${base}/`),
  people: (page) => page.goto(`${base}/sign-in`),
  list: (page) => page.goto(`${base}/messages`),
  message: openMessage,
  preferences: (page) => page.goto(`${base}/preferences?tab=texts`),
  missing: (page) => page.goto(`${base}/messages/missing?day=${new Date().toISOString().slice(0, 10)}`),
  account: (page) => page.goto(`${base}/account`),
  console: (page) => page.goto(`${base}/console`),
  path: (page) => page.goto(`${base}/console/path`),
  "sandbox-phone": (page) => page.goto(`${base}/sandbox/phone`),
  "sandbox-mail": (page) => page.goto(`${base}/sandbox/mail`),
};

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
let failed = 0;
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    await signIn(page);
    for (const [name, lead] of Object.entries(PAGES)) {
      if (only && !only.includes(name)) continue;
      const file = `${name}-${size}-${colorScheme}.png`;
      try {
        await lead(page);
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(out, file) });
        console.log(file);
      } catch (error) {
        failed += 1;
        console.error(`${file}: ${error.message.split("\n")[0]}`);
      }
    }
    await context.close();
  }
}
await browser.close();
process.exitCode = failed ? 1 : 0;
