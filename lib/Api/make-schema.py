"""Makes schema.txt, the compact form of the API types that the library embeds.

    python3 lib/Api/make-schema.py PATH/schema.json > lib/Api/schema.txt

The input has `types` (name -> fields -> type, list, map, required, ...) and `kinds`. The output is
read by Schema.cs, whose header explains it.
"""
import json
import sys

# Go writes a struct that is no pointer even when it is empty. Where that shows in real objects:
STRUCTS = {
    "Container.resources", "EphemeralContainer.resources", "PersistentVolumeClaimSpec.resources",
    "ContainerStatus.state", "ContainerStatus.lastState", "ServiceStatus.loadBalancer",
    "IngressStatus.loadBalancer", "Scale.spec", "Endpoint.conditions", "NodeStatus.daemonEndpoints",
    "NodeDaemonEndpoints.kubeletEndpoint", "NodeStatus.nodeInfo", "DeploymentSpec.strategy",
    "StatefulSetSpec.updateStrategy", "DaemonSetSpec.updateStrategy", "Event.source",
    "Event.involvedObject", "PodTemplateSpec.metadata", "PodTemplateSpec.spec", "JobSpec.template",
    "JobTemplateSpec.metadata", "JobTemplateSpec.spec", "CronJobSpec.jobTemplate",
}
# A time that is no pointer is written as null. Where objects are seen without it:
TIMES = {
    "PodCondition.lastProbeTime", "PersistentVolumeClaimCondition.lastProbeTime",
    "ContainerStateTerminated.startedAt", "ContainerStateTerminated.finishedAt",
    "Event.firstTimestamp", "Event.lastTimestamp", "Event.eventTime",
}
# Counters behind a pointer: 0 is a value of theirs. All other counters of a status vanish at 0.
POINTERS = {"terminatingReplicas", "ready", "terminating", "collisionCount", "exitCode",
            "restartCount", "observedGeneration@PodCondition"}
META = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
# Fields that came after 1.34, as recordings of 1.36 show them.
NEWER = {
    "PodStatus": {
        "allocatedResources": {"type": "Quantity", "map": True, "since": "1.35", "gated": True},
        "resources": {"type": "ResourceRequirements", "since": "1.35"},
    },
}


def field(owner, name, f, kinds):
    whole = not f.get("list") and not f.get("map")
    keep = f.get("keep") or f"{owner}.{name}" in STRUCTS | TIMES
    keep = keep or (owner in kinds and name in ("metadata", "spec", "status") and whole)
    text = name + "=" + ("{}" if f.get("map") else "") + ("[]" if f.get("list") else "") + f["type"]
    text += "|" + f["or"] if f.get("or") else ""
    text += "!" if f.get("required") else ""
    text += "*" if keep else ""
    text += "?" if f.get("gated") else ""
    counter = f["type"] in ("int32", "int64") and whole and owner.endswith("Status")
    if counter and not f.get("required") and not keep and name not in POINTERS:
        text += "-"
    for strategy in (f.get("patchStrategy") or "").split(","):
        text += {"": "", "retainKeys": "%", "replace": "~",
                 "merge": "^" + f.get("mergeKey", "")}[strategy]
    text += "@" + f["since"] if f.get("since") else ""
    text += "<" + f["until"] if f.get("until") else ""
    text += "(" + ",".join(f["enum"]).replace(" ", "&") + ")" if f.get("enum") else ""
    return text


def main():
    schema = json.load(open(sys.argv[1]))
    kinds = {k["type"] for k in schema["kinds"]}
    for k in schema["kinds"]:
        usual = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        print("K", k["group"] or "-", k["version"], k["kind"], k["plural"],
              "N" if k["namespaced"] else "C", "s=" + ",".join(k["shortNames"]),
              "c=" + ",".join(k["categories"]),
              "v=" + ("" if k["verbs"] == usual else ",".join(k["verbs"])),
              "r=" + ",".join(k["subresources"]), k["type"])
    for k in schema["otherKinds"]:
        print("O", k["group"] or "-", k["version"], k["kind"], k["type"])
    for name in sorted(schema["types"]):
        t = schema["types"][name]
        fields = t["fields"] | NEWER.get(name, {})
        head = name + ("@" + t["since"] if t.get("since") else "")
        head += "<" + t["until"] if t.get("until") else ""
        if all(fields.get(k) == v for k, v in META.items()):
            head += " +"
            for k in META:
                del fields[k]
        print("T", head, *(field(name, n, f, kinds) for n, f in sorted(fields.items())))


main()
