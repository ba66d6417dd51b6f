import ArgumentParser
import Foundation

@main
struct StyxBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "styx-benchmarks",
        abstract: "Measure Styx against its budgets.",
        discussion: """
            Groups: bls, cluster, keystore, signer, ssz, qbft, wire, log, trace, workflow, journal, durability, libp2p, fairness, hostile, relay, demo. "cpu" is CPU time of one thread \
            and hardly depends on what else runs; "wall" does. Build with -c release.
            """)

    @Option(help: "Only numbers whose name contains all of these words, e.g. \"bls recover\".")
    var filter = ""

    @Option(help: "Write all numbers to this file as well.")
    var json: String?

    @Flag(help: "Short windows: to see that everything runs.")
    var quick = false

    @Flag(help: .hidden) var floodServer = false
    @Flag(help: .hidden) var signerServer = false

    func run() async throws {
        if floodServer { return try await FloodServer.serve() }
        if signerServer { return try await SignerServer.serve() }
        if !Report.isOptimised { say("Not optimised: the numbers say nothing about the budgets.") }
        say("\(Report.processor), load average \(Report.digits(Report.loadAverage))")
        say(Report.line(Report.columns))

        var bench = Bench(filter: filter, isQuick: quick)
        try BLSBenchmarks.run(&bench)
        try ClusterBenchmarks.run(&bench)
        try KeystoreBenchmarks.run(&bench)
        try await SignerBenchmarks.run(&bench)
        try ClusterCreationBenchmarks.run(&bench)
        try SSZBenchmarks.run(&bench)
        try QBFTBenchmarks.run(&bench)
        try WireBenchmarks.run(&bench)
        try LogBenchmarks.run(&bench)
        try TraceBenchmarks.run(&bench)
        try SimulationBenchmarks.run(&bench)
        try await JournalBenchmarks.run(&bench)
        try await Libp2pBenchmarks.run(&bench)
        try await FloodBenchmarks.run(&bench)
        try await FairnessBenchmarks.run(&bench)
        try await HostileBenchmarks.run(&bench)
        try await RelayBenchmarks.run(&bench)
        try await DemoBenchmarks.run(&bench)
        try await DurabilityBenchmarks.run(&bench)

        guard !bench.report.measurements.isEmpty else {
            throw ValidationError("No number is named like \"\(filter)\".")
        }
        if let json {
            let text = bench.report.json(quick: quick).text(indent: "  ") + "\n"
            try text.write(toFile: json, atomically: true, encoding: .utf8)
        }
    }
}

/// A line on the terminal, at once.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
