// Opens every report given as it would be read: light, dark, telephone and paper. Fails on anything said on the console,
// any request beyond the file itself, any overflow sideways, and any serious or critical fault that axe-core finds.
//
//   node check.mjs CHROMIUM OUT FILE.html [FILE.html ...]     OUT "-" keeps no pictures
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [program, out, ...files] = process.argv.slice(2);
if (!files.length) {
  console.error("usage: node check.mjs CHROMIUM OUT FILE.html ...");
  process.exit(2);
}
if (out !== "-") mkdirSync(out, { recursive: true });

const views = [
  { name: "light", scheme: "light", width: 1100, height: 900 },
  { name: "dark", scheme: "dark", width: 1100, height: 900 },
  { name: "phone", scheme: "light", width: 380, height: 800 },
];
const browser = await chromium.launch({
  executablePath: program,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
let faults = 0;
const fault = (file, view, text) => {
  faults += 1;
  console.log(`${basename(file)} (${view}): ${text}`);
};

for (const file of files) {
  const address = pathToFileURL(resolve(file)).href;
  for (const view of views) {
    const context = await browser.newContext({
      colorScheme: view.scheme,
      viewport: { width: view.width, height: view.height },
      bypassCSP: false,
    });
    const page = await context.newPage();
    page.on("console", (message) => fault(file, view.name, `console ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => fault(file, view.name, `error: ${error.message}`));
    page.on("request", (request) => {
      if (request.url() !== address && !request.url().startsWith("data:")) fault(file, view.name, `request: ${request.url()}`);
    });
    await page.goto(address, { waitUntil: "load" });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) fault(file, view.name, `${wide} pixels wider than the window`);
    const scripts = await page.evaluate(() => document.querySelectorAll("script, iframe, object, embed, form").length);
    if (scripts) fault(file, view.name, `${scripts} elements that a report must not have`);
    if (out !== "-") {
      await page.screenshot({ path: join(out, `${basename(file, ".html")}-${view.name}.png`), fullPage: true });
      if (view.name === "light") await page.pdf({ path: join(out, `${basename(file, ".html")}.pdf`), format: "A4" });
    }
    await context.close();
    // axe runs as a script, which the page's own policy forbids: a second visit with the policy set aside.
    const open = await browser.newContext({
      colorScheme: view.scheme, viewport: { width: view.width, height: view.height }, bypassCSP: true,
    });
    const checked = await open.newPage();
    await checked.goto(address, { waitUntil: "load" });
    await checked.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
    await checked.evaluate(axe);
    const { violations } = await checked.evaluate(() => globalThis.axe.run(document));
    for (const v of violations) {
      const where = v.nodes.slice(0, 2).map((n) => n.html.slice(0, 120)).join(" | ");
      if (["serious", "critical"].includes(v.impact)) fault(file, view.name, `axe ${v.id} (${v.impact}): ${v.help}. ${where}`);
      else console.log(`  note ${basename(file)} (${view.name}): axe ${v.id} (${v.impact}): ${v.help}. ${where}`);
    }
    await open.close();
  }
}
await browser.close();
console.log(faults ? `${faults} faults in ${files.length} reports` : `${files.length} reports: nothing wrong`);
process.exit(faults ? 1 : 0);
