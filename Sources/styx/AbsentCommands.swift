/// Commands of Charon's that this program does not have. Who calls one should hear why, and what to do.
enum AbsentCommands {
    private static let edits =
        "Charon's `alpha edit …` makes the files of the changed cluster, and this program runs with them"
    private static let all: [(path: [String], why: String)] = [
        (["alpha", "edit"], "clusters cannot be changed with this version; \(edits)"),
        (["alpha", "add-validators"], "validators cannot be added with this version; \(edits)"),
        (
            ["alpha", "view-cluster-manifest"],
            "this version has no manifests; `cluster inspect .charon/cluster-lock.json` shows what is in the cluster's lock"
        ),
        (["unsafe"], "this version sends its peers no nonsense; use `run`"),
    ]

    /// What to say to these arguments; nil if they name none of them.
    static func refusal(of arguments: [String]) -> CommandFailure? {
        all.first { arguments.starts(with: $0.path) }.map {
            CommandFailure("\($0.path.joined(separator: " ")): \($0.why)")
        }
    }
}
