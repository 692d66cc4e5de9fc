namespace KubeSim;

/// <summary>The journal of a cluster as text, and a journal played into a cluster.</summary>
public sealed partial class Cluster
{
    /// <summary>The journal as text, one JSON object a line: with the same options it replays the
    /// run to the last digest.</summary>
    /// <exception cref="NotSupportedException">An input holds a delegate; the message names
    /// it.</exception>
    public string SaveJournal() =>
        Owned(s => JournalText.Write(s.Journal, s.Options.Start));

    /// <summary>Runs until a line of a journal is due, and carries it out. The answer is the
    /// refusal, or null.</summary>
    /// <exception cref="ArgumentException">A fault has no such target.</exception>
    public Status? Play(JournalLine line)
    {
        using var own = Own();
        RunTo(line);
        try
        {
            switch (line)
            {
                case { Apply: { } o }:
                    Apply(o);
                    break;
                case { Input: RequestInput { Request: var request } }:
                    Handle(request).EnsureSuccess();
                    break;
                case { Input: FaultInput fault }:
                    SubmitFault(fault);
                    break;
                case { Input: CloudInput cloud }:
                    SubmitCloud(cloud);
                    break;
                case { Input: { } input }:
                    simulation.Submit(input);
                    break;
            }
            return null;
        }
        catch (ApiException refused)
        {
            return refused.Status;
        }
    }

    private void RunTo(JournalLine line)
    {
        if (line.Items is { } items)
        {
            while (simulation.Items < items && simulation.TryNextDue(out _))
            {
                Execute(detail: false);
            }
            simulation.AdvanceTo(simulation.Options.Start + (line.At ?? TimeSpan.Zero));
        }
        else if (line.At is { } at)
        {
            Run(simulation.Options.Start + at - Now);
        }
        else
        {
            Converge();
        }
    }
}
