"""Opens a notebook in Jupyter's own page, in a browser without a window; runs all its cells,
prints what came of them, and keeps a picture of the page: NOTEBOOK PICTURE."""
import asyncio
import base64
import itertools
import json
import os
import subprocess
import sys
import time
import urllib.request

from tornado.websocket import websocket_connect

NOTEBOOK, PICTURE = sys.argv[1:]
CHROMIUM = os.environ.get("KUBENOTEBOOKS_CHROMIUM", "/usr/bin/chromium")
PORT, TOOLS, TOKEN = 8000 + os.getpid() % 1000, 9000 + os.getpid() % 1000, "learn"
DONE = """(() => {
  const book = window.Jupyter && Jupyter.notebook;
  if (!book || !book.kernel || !book.kernel.is_connected() || !book._fully_loaded) return '';
  if (!window.begun) { window.begun = true; book.execute_all_cells(); return ''; }
  const cells = book.get_cells().filter(c => c.cell_type == 'code' && c.get_text().trim());
  if (cells.some(c => !(c.input_prompt_number > 0))) return '';
  const images = [...document.querySelectorAll('.output img')];
  const errors = cells.flatMap(c => c.output_area.outputs).filter(o => o.output_type == 'error');
  return cells.length + ' cells ran, ' + errors.length + ' errors, ' + images.length
    + ' pictures, ' + images.filter(i => !i.naturalWidth).length + ' broken';
})()"""


async def page():
    for _ in range(100):
        try:
            tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{TOOLS}/json"))
            return await websocket_connect(next(
                t["webSocketDebuggerUrl"] for t in tabs if t["type"] == "page"),
                max_message_size=1 << 28)
        except (OSError, StopIteration):
            await asyncio.sleep(0.2)
    sys.exit("no browser")


async def main():
    tools, numbers = await page(), itertools.count(1)

    async def call(method, **params):
        number = next(numbers)
        await tools.write_message(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(await tools.read_message())
            if said.get("id") == number:
                return said.get("result", {})

    url = f"http://127.0.0.1:{PORT}/notebooks/{NOTEBOOK}?token={TOKEN}"
    for _ in range(150):
        try:
            urllib.request.urlopen(url).close()
            break
        except OSError:
            await asyncio.sleep(0.2)
    await call("Page.navigate", url=url)
    until, told = time.monotonic() + 50, ""
    while not told and time.monotonic() < until:
        await asyncio.sleep(0.3)
        answer = await call("Runtime.evaluate", expression=DONE)
        told = answer.get("result", {}).get("value", "")
    shot = await call("Page.captureScreenshot")
    with open(PICTURE, "wb") as file:
        file.write(base64.b64decode(shot["data"]))
    print(told or "the cells do not end")


started = [
    subprocess.Popen(
        [sys.executable, "-m", "notebook", "--no-browser", "--ip=127.0.0.1", f"--port={PORT}",
         f"--NotebookApp.token={TOKEN}", *(["--allow-root"] if os.getuid() == 0 else [])],
        stderr=subprocess.DEVNULL),
    subprocess.Popen(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--window-size=1200,1600", f"--user-data-dir={os.getcwd()}/browser",
         f"--remote-debugging-port={TOOLS}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
try:
    asyncio.run(main())
finally:
    for process in started:
        process.terminate()
        process.wait()
