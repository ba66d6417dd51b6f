/// Commands of Charon's that this program does not have. Who calls one should hear why, and what to do.
enum AbsentCommands {
    private static let all: [(path: [String], why: String)] = [
        (["alpha", "add-validators"], "this version has it as `alpha edit add-validators`"),
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
