"""Takes a picture of every page of a running dashboard, light and dark, wide and phone.

Usage: screenshots.py ADDRESS FOLDER [PAGE ...]
"""

import pathlib
import sys

from playwright.sync_api import sync_playwright

import pages


def main() -> int:
    address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[3:])
    faults = []
    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        found = pages.addresses(address)
        for theme in pages.THEMES:
            for size, viewport in pages.SIZES.items():
                context = browser.new_context(viewport=viewport, color_scheme=theme)
                page = context.new_page()
                page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
                page.on("pageerror", lambda error: faults.append(str(error)))
                for name, path in found.items():
                    if wanted and name not in wanted:
                        continue
                    page.goto(address + path, wait_until="load")
                    page.evaluate("document.fonts.ready.then(() => null)")
                    page.screenshot(path=folder / f"{name}-{theme}-{size}.png", full_page=True)
                context.close()
        browser.close()
    for fault in faults:
        print(f"console: {fault}", file=sys.stderr)
    print(f"pictures of {len(found)} pages in {folder}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
