"""Makes protobuf.txt, the field numbers of the API types in protocol buffers.

    python3 lib/ApiServer/make-protobuf.py lib/Api/schema.txt PATH/proto.json \
        > lib/ApiServer/protobuf.txt

The second file has message -> JSON name -> [number, type, "*" if repeated, message type, true if Go
has a pointer there], as the descriptors and types in a released kubectl 1.33 tell them; what no
kubectl holds, and what came later, is below. Protobuf.cs reads the output and explains it.
"""
import json
import re
import sys

# The messages of apiextensions and of the aggregator, and newer ones, in the form of the output.
MORE = """
APIService metadata! spec! status!
APIServiceCondition type status lastTransitionTime! reason message
APIServiceSpec service group version insecureSkipTLSVerify caBundle 7=groupPriorityMinimum
+ versionPriority
APIServiceStatus conditions
apiregistration.ServiceReference namespace name port?
ContainerRestartRule action exitCodes
ContainerRestartRuleOnExitCodes operator values
CustomResourceColumnDefinition name type format description priority jsonPath
CustomResourceConversion strategy webhook
CustomResourceDefinition metadata! spec! status!
CustomResourceDefinitionCondition type status lastTransitionTime! reason message
CustomResourceDefinitionNames plural singular shortNames kind listKind categories
CustomResourceDefinitionSpec group 3=names! scope 7=versions 9=conversion preserveUnknownFields
CustomResourceDefinitionStatus conditions acceptedNames! storedVersions
CustomResourceDefinitionVersion name served storage schema subresources additionalPrinterColumns
+ deprecated deprecationWarning? selectableFields
CustomResourceSubresourceScale specReplicasPath statusReplicasPath labelSelectorPath?
CustomResourceSubresourceStatus
CustomResourceSubresources status scale
CustomResourceValidation openAPIV3Schema
ExternalDocumentation description url
FileKeySelector volumeName path key optional?
JSONSchemaProps id $schema $ref? description type format title default maximum? exclusiveMaximum
+ minimum? exclusiveMinimum maxLength? minLength? pattern maxItems? minItems? uniqueItems
+ multipleOf? enum maxProperties? minProperties? required items allOf oneOf anyOf not properties
+ additionalProperties patternProperties dependencies additionalItems definitions externalDocs
+ example nullable x-kubernetes-preserve-unknown-fields? x-kubernetes-embedded-resource
+ x-kubernetes-int-or-string x-kubernetes-list-map-keys x-kubernetes-list-type?
+ x-kubernetes-map-type? x-kubernetes-validations
PodCertificateProjection signerName keyType maxExpirationSeconds? credentialBundlePath keyPath
+ certificateChainPath
SelectableField jsonPath
ValidationRule rule message messageExpression reason? fieldPath optionalOldSelf?
WebhookConversion 2=clientConfig conversionReviewVersions
apiextensions.ServiceReference namespace name path? port?
apiextensions.WebhookClientConfig service caBundle url?
""".strip().replace("\n+", "").split("\n")
# Fields that came after 1.33.
LATER = [("Container", "restartPolicyRules", 25), ("EnvVarSource", "fileKeyRef", 5),
         ("EphemeralContainerCommon", "restartPolicyRules", 25),
         ("PodSpec", "hostnameOverride", 41), ("VolumeProjection", "podCertificate", 6)]
# Of messages of one name: what counts when they hold as much.
FIRST = ["core.v1", "meta.v1", "apps.v1", "batch.v1", "autoscaling.v2", "v1"]


def message_of(name, fields, messages):
    def rank(full):
        known = sum(path_of(f, full, messages, fields) is not None for f in fields)
        order = [i for i, end in enumerate(FIRST) if full.rsplit(".", 1)[0].endswith(end)]
        own = "." not in name or f".{name.rsplit('.', 1)[0]}." in full
        return own, known, -(order or [len(FIRST)])[0]
    short = name.rsplit(".", 1)[-1]
    return max((m for m in messages if m.rsplit(".", 1)[-1] == short), key=rank, default=None)


# Where a JSON field stands: in the message, or in one that Go embeds and JSON does not show.
def path_of(field, message, messages, fields, depth=0):
    inside = messages.get(message, {})
    if field in inside:
        number, kind, repeated, other, pointer = inside[field]
        wraps = not repeated and fields[field].startswith("[]") and set(
            messages.get(other, {})) == {"items"}
        path = [number, 1] if wraps else [number]
        mark = "!" if kind == "message" and not repeated and not pointer and not wraps else ""
        return path, mark or ("?" if pointer and kind != "message" else "")
    for name, (number, kind, repeated, other, _) in inside.items():
        if kind == "message" and not repeated and name not in fields and depth < 2:
            if found := path_of(field, other, messages, fields, depth + 1):
                return [number, *found[0]], found[1]
    return None


def line(name, fields, messages):
    message = message_of(name, fields, messages)
    found = sorted((p[0], f, p[1]) for f in fields
                   if (p := path_of(f, message, messages, fields)))
    for f in set(fields) - {f for _, f, _ in found} - {"apiVersion", "kind"}:
        print(f"no number: {name}.{f}", file=sys.stderr)
    words, at, last = [], [], 0
    for path, field, mark in found:
        while at != path[:len(at)]:
            words.append(")")
            last = at.pop()
        for number in path[len(at):-1]:
            words.append("(" if number == last + 1 else f"{number}(")
            at.append(number)
            last = 0
        words.append(("" if path[-1] == last + 1 else f"{path[-1]}=") + field + mark)
        last = path[-1]
    return " ".join([name, *words])


def main():
    text = open(sys.argv[1]).read().splitlines()
    messages = json.load(open(sys.argv[2]))
    for message, field, number in LATER:
        kind = "string" if field == "hostnameOverride" else "message"
        messages[f"k8s.io.api.core.v1.{message}"][field] = [number, kind, "", "", True]
    types, kinds = {}, []
    for words in (row.split(" ") for row in text):
        if words[0] == "T":
            types[re.split("[@<]", words[1])[0]] = {
                f: re.split("[|!*?~%^@<(-]", t)[0] for f, t in
                (w.split("=", 1) for w in words[2:] if w != "+")}
        elif not words[1].startswith("kubescheduler") and words[-1] != "ConversionReview":
            kinds.append(words[-1])
    more = {row.split(" ")[0]: row for row in MORE}
    wanted, rows = kinds, {}
    while wanted:
        name = wanted.pop()
        if name in rows or name not in types:
            continue
        fields = types[name]
        if name in more:
            rows[name] = more[name]
        elif message_of(name, fields, messages):
            rows[name] = line(name, fields, messages)
        else:
            print(f"no message: {name}", file=sys.stderr)
        wanted += [re.sub(r"^[\[\]{}]+", "", t) for t in fields.values()]
    print("\n".join(rows[name] for name in sorted(rows)))


main()
