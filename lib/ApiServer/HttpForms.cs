using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Objects in the form that a client asked for: whole, as rows of a table, or their metadata alone.
/// <para>A list is what stands before its items, and the items, each made when it is sent. So a
/// list of 150,000 pods takes no more memory than one of ten: it goes out piece by piece, and is
/// the same to the last byte.</para>
/// Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go.
/// </summary>
internal sealed class HttpForms(
    Kind kind, string apiVersion, HttpAccept accept, string include, DateTime now)
{
    // From so many on a list is not put together before it is sent.
    private const int Many = 500;
    private const int PieceBytes = 64 * 1024;

    private bool hasColumns = true;

    /// <summary>What does not fit an object, or a list: 406; null when the form fits.</summary>
    public Status? Refuse(bool list)
    {
        var (wanted, found) = (accept.As, $"(*{(kind.Group.Length == 0 ? "core"
            : kind.Group.Split('.')[0])}.{kind.Name}");
        return wanted == "PartialObjectMetadata" && list
            ? NotAcceptable($"you requested {wanted}, but the requested object is a list {found}"
                + "List)")
            : wanted == "PartialObjectMetadataList" && !list
            ? NotAcceptable($"you requested {wanted}, but the requested object is not a list "
                + $"{found})") : null;
    }

    /// <summary>One object.</summary>
    public JsonObject One(ApiObject value)
    {
        if (accept.Form == WatchForm.Table)
        {
            var table = TableHead(new(value.Metadata.ResourceVersion));
            table["rows"] = new JsonArray([.. Rows([value])]);
            return table;
        }
        return accept.Form == WatchForm.Metadata ? Partial(value) : Encode(value);
    }

    /// <summary>A list, whole or in pieces.</summary>
    public HttpAnswer List(IReadOnlyList<ApiObject> items, ListMeta meta, bool pretty)
    {
        var (head, name, nodes) = accept.Form switch
        {
            WatchForm.Table => (TableHead(meta), "rows", Rows(items)),
            WatchForm.Metadata => (Headed("PartialObjectMetadataList", Meta(meta)), "items",
                items.Select(Partial)),
            _ => (new JsonObject
            {
                ["kind"] = $"{kind.Name}List", ["apiVersion"] = apiVersion,
                ["metadata"] = Meta(meta),
            }, "items", items.Select(Item)),
        };
        if (items.Count >= Many && !pretty && accept.Media == "application/json")
        {
            return new(200, null) { Pieces = Pieces(head, name, nodes) };
        }
        head[name] = new JsonArray([.. nodes]);
        return new(200, head);
    }

    /// <summary>A change, as a watch sends it.</summary>
    public JsonObject Line(WatchEvent change)
    {
        var line = new JsonObject { ["type"] = change.Type, ["object"] = One(change.Object) };
        hasColumns = false;
        return line;
    }

    /// <summary>A watch in this form.</summary>
    public HttpAnswer Watch(Watch watch) => new(200, null, watch)
    {
        Form = accept.Form,
        Line = accept.Form == WatchForm.Whole && apiVersion == kind.ApiVersion ? null : Line,
    };

    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(
        JsonObject head, string name, IEnumerable<JsonObject> nodes)
    {
        var start = HttpAnswer.Utf8(head);
        var bytes = new ArrayBufferWriter<byte>(PieceBytes);
        bytes.Write(start.Span[..^2]);
        bytes.Write(System.Text.Encoding.UTF8.GetBytes($",\"{name}\":["));
        var first = true;
        foreach (var node in nodes)
        {
            if (!first)
            {
                bytes.Write(","u8);
            }
            first = false;
            bytes.Write(HttpAnswer.Utf8(node).Span[..^1]);
            if (bytes.WrittenCount >= PieceBytes)
            {
                yield return bytes.WrittenMemory;
                bytes = new(PieceBytes);
            }
        }
        bytes.Write("]}\n"u8);
        yield return bytes.WrittenMemory;
    }

    // The list says the kind, once.
    private JsonObject Item(ApiObject value)
    {
        var node = Encode(value);
        node.Remove("kind");
        node.Remove("apiVersion");
        return node;
    }

    private JsonObject Encode(ApiObject value) =>
        ManifestConversion.ToServed(Json.Encode(value), kind, apiVersion);

    private JsonObject Partial(ApiObject value) =>
        Headed("PartialObjectMetadata", Encode(value)["metadata"]?.DeepClone());

    private JsonObject Headed(string name, JsonNode? metadata) => new()
    {
        ["kind"] = name,
        ["apiVersion"] = $"meta.k8s.io/{accept.Version}",
        ["metadata"] = metadata ?? new JsonObject(),
    };

    private static JsonObject Meta(ListMeta list)
    {
        var meta = new JsonObject { ["resourceVersion"] = $"{list.ResourceVersion}" };
        if (list.Continue is { } next)
        {
            meta["continue"] = next;
        }
        if (list.RemainingItemCount is { } more)
        {
            meta["remainingItemCount"] = more;
        }
        return meta;
    }

    private JsonObject TableHead(ListMeta list)
    {
        var head = Headed(nameof(Table), Meta(list));
        head["columnDefinitions"] = !hasColumns ? null : new JsonArray([
            .. TablePrinters.Of(kind).Columns.Select(column => new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = TypeOf(column.Name),
                ["format"] = column.Name == "Name" ? "name" : "",
                ["description"] = "",
                ["priority"] = column.Wide ? 1 : 0,
            })]);
        return head;
    }

    private IEnumerable<JsonObject> Rows(IEnumerable<ApiObject> items)
    {
        var printer = TablePrinters.Of(kind);
        var numbers = printer.Columns.Select(c => IsNumber(c.Name)).ToArray();
        return items.Select(item =>
        {
            var row = new JsonObject
            {
                ["cells"] = new JsonArray([.. printer.Row(item, now).Select((text, column) =>
                    numbers[column] && long.TryParse(text, NumberStyles.None,
                        CultureInfo.InvariantCulture, out var number)
                        ? JsonValue.Create(number) : JsonValue.Create(text))]),
            };
            if (include != "None")
            {
                row["object"] = include == "Object" ? Encode(item) : Partial(item);
            }
            return row;
        });
    }

    // What is a number in a cell is not always said to be one: a Deployment's counts are not.
    private string TypeOf(string column) => column switch
    {
        "Data" or "Revision" => "string",
        "Ready" when kind.Name is not ("ReplicaSet" or "ReplicationController" or "DaemonSet") =>
            "string",
        "Suspend" or "Global-Default" => "boolean",
        "Created At" => "date",
        "Age" when kind.SchemaType is null => "date",
        _ => IsNumber(column) && kind.Name != "Deployment" ? "integer" : "string",
    };

    private static bool IsNumber(string column) => column is "Active" or "Allowed Disruptions"
        or "Available" or "Count" or "Current" or "Data" or "Desired" or "Ready" or "Revision"
        or "Up-to-date" or "Value";

    private static Status NotAcceptable(string why) =>
        ApiErrors.Of(406, "NotAcceptable", why).Status;
}
