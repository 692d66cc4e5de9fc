using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Fills a template in: where the words of an action get their values.</summary>
/// <remarks>Models text/template/exec.go and text/template/funcs.go.</remarks>
internal sealed partial class GoTemplate
{
    private sealed class Run(Function? more)
    {
        private readonly List<(string Name, object? Value)> variables = [];

        public StringBuilder Text { get; } = new();

        public void Set(string name, object? value) => variables.Add((name, value));

        public void Do(List<Node> nodes, object? dot)
        {
            var scope = variables.Count;
            foreach (var node in nodes)
            {
                Do(node, dot);
            }
            variables.RemoveRange(scope, variables.Count - scope);
        }

        private void Do(Node node, object? dot)
        {
            var (names, words) = Names(node.Words);
            switch (node.Kind)
            {
                case "text":
                    Text.Append(node.Text);
                    break;
                case "print" when names.Count == 0:
                    Text.Append(Show(Value(words, dot)));
                    break;
                case "print":
                    Set(names[0], Value(words, dot));
                    break;
                case "range":
                    Range(node, names, Value(words, dot), dot);
                    break;
                default:
                    var value = Value(words, dot);
                    var scope = variables.Count;
                    names.ToList().ForEach(name => Set(name, value));
                    Do(IsTrue(value) ? node.Body : node.Otherwise,
                        IsTrue(value) && node.Kind == "with" ? value : dot);
                    variables.RemoveRange(scope, variables.Count - scope);
                    break;
            }
        }

        // $key, $value := .data
        private static (List<string> Names, List<string> Words) Names(List<string> words)
        {
            var at = words.IndexOf(":=");
            at = at < 0 ? words.IndexOf("=") : at;
            return at < 0 ? ([], words)
                : ([.. words[..at].Where(w => w != ",")], words[(at + 1)..]);
        }

        private void Range(Node node, List<string> names, object? over, object? dot)
        {
            var items = over switch
            {
                JsonArray list => list.Select((item, i) => ((object?)(double)i, Native(item))),
                JsonObject map => map.OrderBy(e => e.Key, StringComparer.Ordinal)
                    .Select(e => ((object?)e.Key, Native(e.Value))),
                null => [],
                _ => throw Problem($"range can't iterate over {Show(over)}"),
            };
            var any = false;
            foreach (var (key, value) in items)
            {
                any = true;
                var scope = variables.Count;
                if (names.Count > 1)
                {
                    Set(names[0], key);
                }
                if (names.Count > 0)
                {
                    Set(names[^1], value);
                }
                Do(node.Body, value);
                variables.RemoveRange(scope, variables.Count - scope);
            }
            if (!any)
            {
                Do(node.Otherwise, dot);
            }
        }

        private object? Value(List<string> words, object? dot)
        {
            var at = 0;
            return Pipe(words, ref at, dot);
        }

        // a b | c d: the value of "a b" is the last argument of "c d".
        private object? Pipe(List<string> words, ref int at, object? dot)
        {
            var (given, value) = (false, (object?)null);
            while (true)
            {
                var terms = new List<object?>();
                var function = at < words.Count && (char.IsLetter(words[at][0]))
                    && words[at] is not ("true" or "false" or "nil") ? words[at++] : null;
                while (at < words.Count && words[at] is not ("|" or ")"))
                {
                    terms.Add(Term(words, ref at, dot));
                }
                if (given)
                {
                    terms.Add(value);
                }
                value = function is not null ? Call(function, terms)
                    : terms.Count == 1 ? terms[0]
                    : throw Problem(terms.Count == 0 ? "missing value for command"
                        : $"can't give argument to non-function {words[0]}");
                given = true;
                if (at == words.Count || words[at] == ")")
                {
                    return value;
                }
                at++;
            }
        }

        private object? Term(List<string> words, ref int at, object? dot)
        {
            var word = words[at++];
            if (word == "(")
            {
                var value = Pipe(words, ref at, dot);
                at++;
                return at < words.Count && words[at].StartsWith('.') && words[at].Length > 1
                    ? Path(value, words[at++]) : value;
            }
            return word[0] switch
            {
                '"' => System.Text.RegularExpressions.Regex.Unescape(word[1..^1]),
                '`' => word[1..^1],
                '.' => Path(dot, word),
                '$' => Path(Variable(word.Split('.')[0]), word[word.Split('.')[0].Length..]),
                _ when word is "true" or "false" => word == "true",
                _ when word == "nil" => null,
                _ when double.TryParse(word, CultureInfo.InvariantCulture, out var n) => n,
                _ => throw Problem($"function \"{word}\" not defined"),
            };
        }

        private object? Variable(string name)
        {
            var found = variables.FindLastIndex(v => v.Name == name);
            return found < 0 ? throw Problem($"undefined variable \"{name}\"")
                : variables[found].Value;
        }

        private static object? Path(object? value, string path) => path.Split('.')
            .Where(step => step.Length > 0).Aggregate(value, static (from, step) => from switch
            {
                JsonObject map => Native(map[step]),
                null => null,
                _ => throw Problem($"can't evaluate field {step} in type interface {{}}"),
            });

        private static bool IsTrue(object? value) => value switch
        {
            null => false,
            bool flag => flag,
            double number => number != 0,
            string text => text.Length > 0,
            JsonObject map => map.Count > 0,
            JsonArray list => list.Count > 0,
            _ => true,
        };

        private object? Call(string name, List<object?> of) => name switch
        {
            "eq" => of.Skip(1).Any(other => Equals(of[0], other)),
            "ne" => !Equals(of[0], of[1]),
            "lt" => Order(of) < 0,
            "le" => Order(of) <= 0,
            "gt" => Order(of) > 0,
            "ge" => Order(of) >= 0,
            "not" => !IsTrue(of[0]),
            "and" => of.Find(v => !IsTrue(v)) is var no && of.TrueForAll(IsTrue) ? of[^1] : no,
            "or" => of.Find(IsTrue) ?? of[^1],
            "len" => of[0] switch
            {
                JsonArray list => list.Count,
                JsonObject map => map.Count,
                string text => Encoding.UTF8.GetByteCount(text),
                _ => throw Problem("len of nil pointer"),
            } + 0.0,
            "index" => of.Skip(1).Aggregate(of[0], static (from, step) => from switch
            {
                JsonObject map => Native(map[Show(step)]),
                JsonArray list when step is double i && i >= 0 && i < list.Count =>
                    Native(list[(int)i]),
                JsonArray => throw Problem($"index out of range: {Show(step)}"),
                _ => throw Problem("index of untyped nil"),
            }),
            "print" or "println" => string.Join(name == "print" ? "" : " ", of.Select(Show))
                + (name == "print" ? "" : "\n"),
            "printf" => Format(Show(of[0]), of[1..]),
            "base64decode" => Encoding.UTF8.GetString(Convert.FromBase64String(Show(of[0]))),
            "exists" => of.Skip(1).Aggregate(of[0], static (from, step) =>
                from is JsonObject map ? Native(map[Show(step)]) : null) is not null,
            "join" => of[0] is JsonArray words
                ? string.Join(Show(of[1]), words.Select(w => Show(Native(w)))) : "",
            _ => more?.Invoke(name, of)
                ?? throw Problem($"function \"{name}\" not defined"),
        };

        private static int Order(List<object?> of) => (of[0], of[1]) switch
        {
            (double a, double b) => a.CompareTo(b),
            (string a, string b) => string.CompareOrdinal(a, b),
            _ => throw Problem("error calling lt: incompatible types for comparison"),
        };

        private static string Format(string format, List<object?> values)
        {
            var next = 0;
            return System.Text.RegularExpressions.Regex.Replace(format, "%(-?)(\\d*)([a-z%])", m =>
            {
                if (m.Groups[3].Value == "%")
                {
                    return "%";
                }
                var value = values.ElementAtOrDefault(next++);
                var text = m.Groups[3].Value switch
                {
                    "q" => $"\"{Show(value)}\"",
                    "d" when value is double n => n.ToString("F0", CultureInfo.InvariantCulture),
                    _ => Show(value),
                };
                var width = m.Groups[2].Length == 0 ? 0
                    : int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture);
                return m.Groups[1].Length > 0 ? text.PadRight(width) : text.PadLeft(width);
            });
        }

        // Numbers come as floats: from a million on, Go prints them with an exponent.
        private static string Show(object? value) => value switch
        {
            null => "<no value>",
            bool flag => flag ? "true" : "false",
            double n when Math.Abs(n) >= 1e6 => Exponent(n),
            double n => n.ToString(CultureInfo.InvariantCulture),
            JsonArray list => $"[{string.Join(' ', list.Select(i => Show(Native(i))))}]",
            JsonObject map => "map[" + string.Join(' ', map
                .OrderBy(e => e.Key, StringComparer.Ordinal)
                .Select(e => $"{e.Key}:{Show(Native(e.Value))}")) + "]",
            _ => value.ToString()!,
        };

        private static string Exponent(double n)
        {
            var power = (int)Math.Floor(Math.Log10(Math.Abs(n)));
            var front = (n / Math.Pow(10, power)).ToString("R", CultureInfo.InvariantCulture);
            return string.Create(CultureInfo.InvariantCulture, $"{front}e+{power:00}");
        }
    }
}
