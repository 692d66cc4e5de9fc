using NUnit.Framework;

namespace KubeNotebooks;

/// <summary>Names the exercise that a fixture grades.</summary>
/// <param name="id">The notebook and a number: <c>04-control-loop/1</c>.</param>
/// <param name="title">What it is about, in a line.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ExerciseAttribute(string id, string title) : PropertyAttribute(id)
{
    /// <summary>The notebook and a number: <c>04-control-loop/1</c>.</summary>
    public string Id { get; } = id;

    /// <summary>What it is about, in a line.</summary>
    public string Title { get; } = title;

    /// <summary>True for one that may be left out.</summary>
    public bool Optional { get; init; }

    /// <summary>Exercises whose answers this one builds on; one that fails is replaced by the
    /// reference answer, so that one mistake costs once.</summary>
    public string[] Needs { get; init; } = [];
}

/// <summary>The points of a test.</summary>
/// <param name="points">More than 0; a test without the attribute has one.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PointsAttribute(int points) : PropertyAttribute(points)
{
    /// <summary>The points of the test.</summary>
    public int Points { get; } = points;
}

/// <summary>One hint of an exercise; they are given in order.</summary>
/// <param name="number">From 1.</param>
/// <param name="text">The hint.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class HintAttribute(int number, string text) : PropertyAttribute($"{number}: {text}")
{
    /// <summary>Its place, from 1.</summary>
    public int Number { get; } = number;

    /// <summary>The hint.</summary>
    public string Text { get; } = text;
}

/// <summary>What a test asks of the answer, in a sentence for the learner.</summary>
/// <param name="text">One sentence.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TaskAttribute(string text) : PropertyAttribute(text)
{
    /// <summary>One sentence.</summary>
    public string Text { get; } = text;
}
