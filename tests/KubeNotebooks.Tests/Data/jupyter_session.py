"""Talks to an installed kernel as a front end does, and prints what came of it, a line a thing."""
import sys
import threading
import time

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)


def execute(code, seconds=60, meanwhile=None):
    told = []

    def hear(message):
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            told.append(f"{content['name']} {content['text'].strip()}")
        elif kind in ("display_data", "update_display_data", "execute_result"):
            place = content.get("transient", {}).get("display_id", "")
            told.append(f"{kind} {place} {content['data']['text/plain']}")
        elif kind == "error":
            told.append(f"error {content['ename']}: {content['evalue']}")

    if meanwhile:
        threading.Timer(1, meanwhile).start()
    reply = client.execute_interactive(code, output_hook=hear, timeout=seconds,
                                       allow_stdin=False)["content"]
    print(" | ".join([*told, reply["status"]]).replace("\n", " "), flush=True)


def ask(what, *arguments, **named):
    request = getattr(client, what)(*arguments, **named)
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == request:
            return reply["content"]


info = ask("kernel_info")
print(info["implementation"], info["language_info"]["name"],
      info["language_info"]["file_extension"])
execute("var x = 20;\nConsole.Write(\"out\");")
execute("Console.Error.Write(\"err\"); x + 1")
execute("var d = display(1); d.Update(2);")
execute("d.Update(3);")
execute("nothing")
execute("throw new InvalidOperationException(\"no: way\");")
execute("// exercise: 04-control-loop/1\nKubeNotebooks.Todo.Long()")
began = time.monotonic()
execute("while (true) { }", meanwhile=manager.interrupt_kernel)
print("soon" if time.monotonic() - began < 20 else "late")
execute("x")
answer = ask("complete", "\U0001f642.ToString(); Math.Ma", cursor_pos=25)
print(answer["matches"][0], answer["cursor_start"], answer["cursor_end"])
print(ask("inspect", "Math.Abs(1)", 6)["data"]["text/plain"].split("\n")[0])
print(ask("is_complete", "if (true) {")["status"], ask("is_complete", "1")["status"])
execute("Environment.Exit(3);")
execute("1 + 1")
manager.restart_kernel()
client.wait_for_ready(timeout=120)
execute("x")
client.stop_channels()
manager.shutdown_kernel()
