import ArgumentParser
import ClusterSetup
import Foundation

struct Combine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Recover the whole validator keys from the key shares of enough nodes.",
        discussion: """
            Needs a directory with one sub-directory for each node, holding its cluster-lock.json and validator_keys, \
            from as many nodes as the cluster's threshold. Whole keys are what a cluster exists to avoid: use this to \
            leave it, with all nodes stopped.
            """)

    @Option(help: "Directory with a directory of each node.") var clusterDir = "./"
    @Option(help: "Where to write the whole keys; made if missing.") var outputDir = "./validator_keys"
    @Flag(help: "Replace all keystores in the output directory.") var force = false
    @Flag(help: "Turn failed verifications of the locks into warnings.") var noVerify = false
    @Option(help: "Execution client that is asked about signatures of contract wallets.")
    var executionClientRpcEndpoint = ""
    @OptionGroup var network: NetworkOptions

    static let flags = EnvironmentArguments.Flags(
        options: ["cluster-dir", "output-dir", "execution-client-rpc-endpoint"] + NetworkOptions.names,
        switches: ["force", "no-verify"])

    func run() async throws {
        let outcome = try await failing("combine") {
            network.warnIfIncomplete()
            let request = request
            let opening = ProgressBar("opening keystores")
            let writing = ProgressBar("encrypting whole keys")
            return try await untilInterrupted {
                try await WebClient.with { web in
                    try await KeyCombiner(request, web: web).combine { step, done, total in
                        switch step {
                        case .opening: opening.update(done, total)
                        case .writing: writing.update(done, total)
                        }
                    }
                }
            }
        }
        for warning in outcome.warnings { note("warning: \(warning)") }
        print(outcome.summary, terminator: "")
    }

    private var request: KeyCombiner.Request {
        var request = KeyCombiner.Request()
        request.clusterDirectory = clusterDir
        request.outputDirectory = outputDir
        request.isReplacing = force
        request.isVerifying = !noVerify
        request.executionEndpoint = executionClientRpcEndpoint
        request.network = network.flags
        request.concurrency = ProcessInfo.processInfo.activeProcessorCount
        return request
    }
}
