using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>The course, served from a folder of its own.</summary>
public abstract class CourseFixture
{
    private readonly List<IDisposable> open = [];

    protected string Folder { get; private set; } = "";

    /// <summary>With the token.</summary>
    protected Uri Address { get; private set; } = null!;

    /// <summary>A learner's browser, as far as requests go.</summary>
    protected HttpClient Client { get; private set; } = null!;

    protected CookieContainer Cookies { get; } = new();

    protected string Origin => Address.GetLeftPart(UriPartial.Authority);

    [SetUp]
    public void MakeFolder() =>
        Folder = Directory.CreateTempSubdirectory("kube-course-").FullName;

    [TearDown]
    public void Close()
    {
        open.ForEach(o => o.Dispose());
        open.Clear();
        Client?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    protected void Serve()
    {
        var server = CourseServer.Start(Folder);
        Address = server.Address;
        Client = new(new HttpClientHandler { CookieContainer = Cookies });
        Client.DefaultRequestHeaders.Add("Origin", Origin);
        open.Add(server);
    }

    /// <summary>Writes a notebook: a cell that begins with <c>#</c> and a space is text.</summary>
    protected void Write(string name, params string[] cells) => File.WriteAllText(
        PathOf(name), NotebookFile.Parse("""{"nbformat": 4, "cells": []}""", PathOf(name)).With(
            [.. cells.Select((c, i) => new NotebookCell($"c{i + 1}",
                c.StartsWith("# ", StringComparison.Ordinal) ? CellKind.Markdown : CellKind.Code,
                c))]).ToText());

    /// <summary>Takes a notebook of the course, its <c>#r</c> turned to the build's
    /// output.</summary>
    protected void TakeFromCourse(string name)
    {
        var course = Path.Combine(CommandLineFixture.Root, "notebooks");
        File.WriteAllText(PathOf(name), File.ReadAllText(Path.Combine(course, name + ".ipynb"))
            .Replace("../artifacts", CommandLineFixture.Root.Replace('\\', '/') + "/artifacts",
                StringComparison.Ordinal));
        Directory.CreateDirectory(Path.Combine(Folder, "manifests"));
        foreach (var file in Directory.GetFiles(Path.Combine(course, "manifests")))
        {
            File.Copy(file, Path.Combine(Folder, "manifests", Path.GetFileName(file)));
        }
    }

    protected string PathOf(string name) => Path.Combine(Folder, name + ".ipynb");

    /// <summary>Where the learner's copy is.</summary>
    protected string Mine(string name) =>
        Path.Combine(Folder, ".kubenotebooks", "my", name + ".ipynb");

    protected async Task<JsonNode> Get(string path)
    {
        await Client.GetStringAsync(Address);
        return JsonNode.Parse(await Client.GetStringAsync(new Uri(new(Origin), path)))!;
    }

    protected async Task<(HttpStatusCode Code, JsonNode? Answer)> Post(string path, string body)
    {
        await Client.GetStringAsync(Address);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await Client.PostAsync(new Uri(new(Origin), path), content);
        var isJson = answer.Content.Headers.ContentType?.MediaType == "application/json";
        return (answer.StatusCode,
            isJson ? JsonNode.Parse(await answer.Content.ReadAsStringAsync()) : null);
    }

    /// <summary>The line of a page to its session.</summary>
    protected async Task<ClientWebSocket> Live(string name, string? origin = null)
    {
        await Client.GetStringAsync(Address);
        var socket = new ClientWebSocket();
        open.Insert(0, socket);
        socket.Options.Cookies = Cookies;
        socket.Options.SetRequestHeader("Origin", origin ?? Origin);
        await socket.ConnectAsync(
            new($"ws://{Address.Authority}/live/{name}"), CancellationToken.None);
        return socket;
    }

    protected static Task Say(ClientWebSocket socket, JsonNode message) => socket.SendAsync(
        Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text,
        endOfMessage: true, CancellationToken.None);

    protected static async Task<JsonNode> Hear(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var text = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (true)
        {
            var got = await socket.ReceiveAsync(buffer, patience.Token);
            text.Write(buffer, 0, got.Count);
            if (got.EndOfMessage)
            {
                return JsonNode.Parse(Encoding.UTF8.GetString(
                    text.GetBuffer(), 0, (int)text.Length))!;
            }
        }
    }

    /// <summary>Hears until something is said.</summary>
    protected static async Task<JsonNode> Hear(ClientWebSocket socket, Func<JsonNode, bool> wanted)
    {
        var heard = await Hear(socket);
        while (!wanted(heard))
        {
            heard = await Hear(socket);
        }
        return heard;
    }
}
