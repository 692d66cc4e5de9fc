// exercise: 99-sample/3  (1 point)
// says: Your controller keeps requeueing nodes node-1: 
class Mine : IReconciler {
  public string Name => "mine";
  public Seq<Watched> Watches => [new(Kinds.Node)];
  public Result Reconcile(ObjectKey key, ReconcileContext api) => Again(key, api);
  private static Result Again(ObjectKey key, ReconcileContext api) {
    api.After(TimeSpan.FromMilliseconds(10), key, Pace.Progress);
    return Result.Done;
  }
}
Exercise.Check("99-sample/3", () => (Func<IReconciler>)(() => new Mine()))
