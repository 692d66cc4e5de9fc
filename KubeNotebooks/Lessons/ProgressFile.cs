using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeNotebooks;

/// <summary>What is kept of an exercise.</summary>
internal sealed record ExerciseProgress
{
    /// <summary>The most points that a check gave.</summary>
    public int Points { get; init; }

    public int MaxPoints { get; init; }

    public int Tries { get; init; }

    public int Hints { get; init; }

    [JsonIgnore]
    public bool Passed => MaxPoints > 0 && Points == MaxPoints;
}

/// <summary>What a learner has done in the notebooks of a folder.</summary>
internal sealed record ProgressState
{
    public SortedDictionary<string, ExerciseProgress> Exercises { get; init; } =
        new(StringComparer.Ordinal);

    /// <summary>By <c>NOTEBOOK/ID</c>.</summary>
    public SortedDictionary<string, string> Predictions { get; init; } =
        new(StringComparer.Ordinal);

    public ExerciseProgress Of(string exercise) =>
        Exercises.GetValueOrDefault(exercise) ?? new();

    public ProgressState With(string exercise, Func<ExerciseProgress, ExerciseProgress> change)
    {
        Exercises[exercise] = change(Of(exercise));
        return this;
    }
}

/// <summary>The file <c>.kubenotebooks/progress.json</c> beside the notebooks. Two processes may
/// change it at once: each takes a lock, reads, and puts a new file in its place. A file that
/// cannot be read is put aside, never overwritten, and progress never stops a lesson.</summary>
internal sealed class ProgressFile(string folder)
{
    private const string Folder = ".kubenotebooks";
    private const int Attempts = 100;

    private static readonly JsonSerializerOptions Look = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly string path = Path.Combine(folder, Folder, "progress.json");

    /// <summary>The file of the notebook that runs.</summary>
    public static ProgressFile Here() => new(
        Path.GetDirectoryName(NotebookHost.Current.NotebookPath)
        ?? Directory.GetCurrentDirectory());

    /// <summary>The progress so far; none when there is no file.</summary>
    public ProgressState Read()
    {
        if (!File.Exists(path))
        {
            return new();
        }
        try
        {
            return JsonSerializer.Deserialize<ProgressState>(File.ReadAllText(path), Look)
                ?? new();
        }
        catch (JsonException e)
        {
            var aside = Enumerable.Range(1, int.MaxValue)
                .Select(i => Path.ChangeExtension(path, $"corrupt-{i}.json"))
                .First(p => !File.Exists(p));
            File.Move(path, aside);
            Console.Error.WriteLine($"{path} could not be read ({e.Message}); it is kept as "
                + $"{Path.GetFileName(aside)}, and progress begins anew.");
            return new();
        }
    }

    /// <summary>Changes the progress.</summary>
    public void Change(Func<ProgressState, ProgressState> change)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (Lock())
            {
                var text = JsonSerializer.Serialize(change(Read()), Look) + "\n";
                File.WriteAllText(path + ".new", text);
                File.Move(path + ".new", path, overwrite: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"Progress is not kept: {e.Message}");
        }
    }

    /// <summary>Keeps the best points of an exercise; what was not attempted leaves no
    /// trace.</summary>
    public void Record(CheckResult result)
    {
        if (result.Status != CheckStatus.NotAttempted)
        {
            Change(p => p.With(result.Exercise, e => e with
            {
                Points = Math.Max(e.Points, result.Points), MaxPoints = result.MaxPoints,
                Tries = e.Tries + 1,
            }));
        }
    }

    /// <summary>The hints taken; null when nothing was kept.</summary>
    public int? Hints() => File.Exists(path) ? Read().Exercises.Values.Sum(e => e.Hints) : null;

    private FileStream Lock()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write,
                    FileShare.None);
            }
            catch (IOException) when (attempt < Attempts)
            {
                Thread.Sleep(20);
            }
        }
    }
}
