/** What keeps people from using a page: names, headings and contrast, checked in the browser by hand-written rules. */

import type { Page } from 'playwright-core';

/** WCAG 2.2, 1.4.3: contrast of text. */
const MIN_CONTRAST = 4.5;

/** @returns one line for each fault; empty where there is none. */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  const found = await page.evaluate(`(${FIND_FAULTS})(${MIN_CONTRAST})`);
  return found as readonly string[];
}

/** Runs in the page. */
const FIND_FAULTS = String.raw`(minContrast) => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const isVisible = (element) => element.checkVisibility();
  const describe = (element) => element.outerHTML.slice(0, 120);

  if (document.documentElement.lang === '') faults.push('the document names no language');
  if (document.title === '') faults.push('the document has no title');
  for (const name of ['main', 'h1', 'header', 'footer']) {
    if (all(name).length !== 1) faults.push('there is not exactly one ' + name);
  }

  let level = 0;
  for (const heading of all('h1, h2, h3, h4').filter(isVisible)) {
    const next = Number(heading.nodeName[1]);
    if (next > level + 1) faults.push('a level is skipped before ' + describe(heading));
    level = next;
  }

  const nameOf = (element) =>
    element.getAttribute('aria-label') ||
    (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent).join(' ').trim() ||
    [...(element.labels ?? [])].map((label) => label.textContent).join(' ').trim() ||
    (['A', 'BUTTON'].includes(element.nodeName) ? element.textContent.trim() : '');
  for (const element of all('a, button, input, nav, section, table, [role=img]').filter(isVisible)) {
    if (nameOf(element) === '') faults.push('nothing names ' + describe(element));
  }
  for (const list of all('ul, ol')) {
    if ([...list.children].some((child) => child.nodeName !== 'LI')) faults.push('not only items in ' + describe(list));
  }
  const ids = all('[id]').map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push('twice the id ' + id);
  for (const link of all('a[href^="#"]')) {
    if (document.getElementById(link.hash.slice(1)) === null) faults.push('nowhere leads ' + describe(link));
  }
  for (const cell of all('th')) if (!cell.hasAttribute('scope')) faults.push('no scope has ' + describe(cell));

  const channels = (color) => {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let place = element; place !== null; place = place.parentElement) {
      const ground = channels(getComputedStyle(place).backgroundColor);
      if (ground[3] === 255) return ground;
    }
    return [255, 255, 255];
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
  for (const element of all('body *').filter((element) => !(element instanceof SVGElement) && hasText(element) && isVisible(element))) {
    const [light, dark] = [luminance(channels(getComputedStyle(element).color)), luminance(groundOf(element))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < minContrast) faults.push('contrast ' + contrast.toFixed(2) + ' of ' + describe(element));
  }
  return faults;
}`;
