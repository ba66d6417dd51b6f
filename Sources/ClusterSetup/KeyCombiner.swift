import Cluster

/// `styx combine`: reads nodes' directories, recovers the whole keys, writes them. Source: spec/cli-create.md §7.
package struct KeyCombiner: Sendable {
    /// The flags.
    package struct Request: Sendable {
        package var clusterDirectory = "./"
        package var outputDirectory = "./validator_keys"
        /// `--force`: keystores in the output directory are replaced.
        package var isReplacing = false
        /// False (`--no-verify`) turns what does not hold in the locks into warnings.
        package var isVerifying = true
        /// Empty: contracts are not asked.
        package var executionEndpoint = ""
        package var network = NetworkFlags()
        /// Insecure for tests only.
        package var cost = Keystore.Cost.secure
        package var concurrency = 1

        package init() {}
    }

    package struct Outcome: Sendable {
        /// For standard output.
        package let summary: String
        /// What `--no-verify` let through.
        package let warnings: [String]
    }

    /// Steps that take long enough to be watched.
    package enum Step: Sendable {
        case opening
        case writing
    }

    private let request: Request
    private let web: WebClient

    package init(_ request: Request, web: WebClient) {
        self.request = request
        self.web = web
    }

    /// Cancelled, it leaves everything as it was, unless the last step is already done.
    ///
    /// - Parameter progress: hears of keystores done in each step, from any thread.
    package func combine(progress: @escaping @Sendable (Step, _ done: Int, _ total: Int) -> Void) async throws
        -> Outcome
    {
        let request = request
        let custom = try request.network.custom()
        var folder = try await TrustedDealer.onOwnThread {
            // Before the long work: a directory in use is the commonest mistake.
            try Combination.checkOutput(request.outputDirectory, replacing: request.isReplacing)
            return try ClusterFolder(request.clusterDirectory, customNetwork: custom)
        }
        let questions = ContractQuestions(endpoint: request.executionEndpoint, web: web)
        for i in folder.reports.indices { try await questions.settle(&folder.reports[i]) }
        let (lock, warnings) = try folder.requireTrust(verify: request.isVerifying)
        let trusted = folder
        let combination = try await TrustedDealer.onOwnThread({ progress(.opening, $0, $1) }) { watched in
            try Combination(trusted, lock: lock, concurrency: request.concurrency, progress: watched)
        }
        try await TrustedDealer.onOwnThread({ progress(.writing, $0, $1) }) { watched in
            var random = SystemRandomNumberGenerator()
            try combination.write(
                to: request.outputDirectory, replacing: request.isReplacing, cost: request.cost,
                concurrency: request.concurrency, progress: watched, using: &random)
        }
        let summary = combination.summary(directory: request.outputDirectory, nodes: trusted.nodes.count)
        return Outcome(summary: summary, warnings: warnings)
    }
}
