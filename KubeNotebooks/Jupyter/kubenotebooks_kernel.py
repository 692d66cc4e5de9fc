"""A Jupyter kernel for C# notebooks: it speaks Jupyter's protocol to a front end, and the JSON
lines of `KubeNotebooks engine` to one engine process, which runs the cells. Laid beside
kernel.json by `KubeNotebooks install-kernel`, which overwrites it."""
import json
import os
import queue
import subprocess
import sys
import threading

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

ENGINE = json.loads(os.environ.get("KUBENOTEBOOKS_ENGINE", "[]"))
POLL_SECONDS = 0.2


def units(text):
    """The length in UTF-16, which the engine counts in; Jupyter counts code points."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def points(text, offset):
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * offset]
               .decode("utf-16-le", "replace"))


def notebook():
    """The notebook, where the server tells its name; else the folder that cells run in."""
    name = os.environ.get("JPY_SESSION_NAME", "")
    path = os.path.join(os.getcwd(), os.path.basename(name))
    return path if name.endswith(".ipynb") and os.path.isfile(path) else os.getcwd()


class Engine:
    """The engine's process. Its events go to a function, answers to whoever waits for them."""

    def __init__(self, told):
        self.told = told
        self.answers = {}
        self.last = 0
        # An interrupt goes to the whole group of the kernel: the engine is told in words.
        self.process = subprocess.Popen(
            ENGINE + [notebook()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        self.complaint = b""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        self.reader.start()

    def alive(self):
        return self.process.poll() is None

    def send(self, **request):
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass  # The reader sees the end, too.

    def ask(self, op, **request):
        """Sends a request, and returns the queue that its answer comes to."""
        self.last += 1
        answer = self.answers[self.last] = queue.Queue()
        self.send(id=self.last, op=op, **request)
        return answer

    def listen(self):
        for line in self.process.stderr:
            self.complaint = (self.complaint + line)[:2000]

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            kind = event["event"]
            if kind in ("ready", "started"):
                continue
            if kind in ("stream", "display", "update", "result", "error"):
                self.told(event)
            if kind == "error" and event.get("id") in self.answers:
                self.answers[event["id"]].error = event
            elif kind not in ("stream", "display", "update", "result"):
                answer = self.answers.pop(event.get("id"), None)
                if answer:
                    answer.put(event)
        self.process.wait()
        self.listener.join(2)
        for answer in list(self.answers.values()):
            answer.put(None)

    def end(self):
        self.send(op="shutdown")
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()


class KubeNotebooksKernel(Kernel):
    implementation = "KubeNotebooks"
    implementation_version = "0.1.0"
    banner = "C# for KubeNotebooks"
    language_info = {"name": "C#", "version": "14.0", "mimetype": "text/x-csharp",
                     "file_extension": ".cs", "pygments_lexer": "csharp",
                     "codemirror_mode": "text/x-csharp"}

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.engine = Engine(self.show)
        self.silent = False

    def show(self, event):
        """An output of the cell that runs, as Jupyter says it."""
        kind, content = event["event"], {}
        if kind == "stream":
            kind, content = "stream", {"name": event["name"], "text": event["text"]}
        elif kind == "error":
            content = failure(event)
        else:
            content = {"data": event["data"], "metadata": event.get("metadata", {})}
            if kind == "result":
                content["execution_count"] = self.execution_count
            else:
                content["transient"] = {"display_id": event["display"]}
            kind = {"result": "execute_result", "display": "display_data",
                    "update": "update_display_data"}[kind]
        if not self.silent:
            self.send_response(self.iopub_socket, kind, content)

    def wait(self, answer):
        while True:
            try:
                return answer.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if not self.engine.reader.is_alive() and answer.empty():
                    return None
            except KeyboardInterrupt:
                self.engine.send(op="interrupt")

    def do_execute(self, code, silent, store_history=True, user_expressions=None,
                   allow_stdin=False, *, cell_id=None):
        reply = {"status": "ok", "execution_count": self.execution_count, "payload": [],
                 "user_expressions": {}}
        if not code.strip():
            return reply
        if not self.engine.alive():
            self.engine = Engine(self.show)
        self.silent = silent
        answer = self.engine.ask("execute", code=code, count=self.execution_count)
        done = self.wait(answer)
        self.silent = False
        if done is None:
            why = self.engine.complaint.decode(errors="replace").strip()
            message = (f"the engine ended with exit code {self.engine.process.returncode}: "
                       "run the cells again")
            event = {"name": "EngineEnded", "message": message,
                     "text": f"{message}\n{why}".strip()}
            self.show({"event": "error", **event})
            return {**reply, "status": "error", **failure(event)}
        if done["event"] == "failed":
            return {**reply, "status": "error", "ename": "Failed", "evalue": done["message"],
                    "traceback": [done["message"]]}
        if done["status"] in ("ok", "stub"):
            return reply
        event = getattr(answer, "error", None) or {"name": done["status"], "message": "",
                                                   "text": ""}
        return {**reply, "status": "error", **failure(event)}

    def question(self, op, code, cursor=None):
        place = {} if cursor is None else {"cursor": units(code[:cursor])}
        answer = self.wait(self.engine.ask(op, code=code, **place))
        return answer if answer and answer["event"] != "failed" else None

    def do_complete(self, code, cursor_pos):
        answer = self.question("complete", code, cursor_pos) or {"items": [], "start": 0, "end": 0}
        start, end = (points(code, answer[place]) for place in ("start", "end"))
        items = answer["items"]
        types = [{"start": start, "end": end, "text": i["text"], "type": i["kind"],
                  "signature": i["detail"]} for i in items]
        return {"status": "ok", "matches": [i["text"] for i in items], "cursor_start": start,
                "cursor_end": end, "metadata": {"_jupyter_types_experimental": types}}

    def do_inspect(self, code, cursor_pos, detail_level=0, omit_sections=()):
        answer = self.question("inspect", code, cursor_pos) or {"found": False}
        found = answer["found"]
        return {"status": "ok", "found": found, "metadata": {},
                "data": {"text/plain": answer["text"]} if found else {}}

    def do_is_complete(self, code):
        answer = self.question("isComplete", code) or {"status": "unknown", "indent": ""}
        return {"status": answer["status"], "indent": answer["indent"]}

    def do_shutdown(self, restart):
        self.engine.end()
        return {"status": "ok", "restart": restart}


def failure(event):
    return {"ename": event["name"], "evalue": event["message"],
            "traceback": event["text"].split("\n")}


if __name__ == "__main__":
    if not ENGINE:
        sys.exit("KUBENOTEBOOKS_ENGINE names no engine: install the kernel anew")
    IPKernelApp.launch_instance(kernel_class=KubeNotebooksKernel)
