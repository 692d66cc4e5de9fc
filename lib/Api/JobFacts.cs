namespace KubeSim;

/// <summary>Facts about Jobs that several components need.</summary>
public static class JobFacts
{
    extension(Job job)
    {
        /// <summary>True when it is over, one way or the other.</summary>
        public bool IsFinished => job.FinishedBy is not null;

        /// <summary>The condition that says that it is over; null as long as it is not.</summary>
        public JobCondition? FinishedBy => job.Status.Conditions.FirstOrDefault(c =>
            c is { Type: "Complete" or "Failed", Status: "True" });
    }
}
