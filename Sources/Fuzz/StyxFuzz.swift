import ArgumentParser
import Foundation
import FuzzTargets

@main
struct StyxFuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "styx-fuzz",
        abstract: "Feeds damaged input to every decoder of Styx.",
        discussion: """
            A crash or an endless run ends the program; the input is then in .fuzz-last-TARGET, and --replay repeats it. \
            The same seed, corpus and target give the same inputs.
            """)

    @Argument(help: "A target, or all: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")).")
    var target = "all"

    @Option(help: "How long in all.")
    var seconds = 60.0

    @Option(help: "Where the random numbers start.")
    var seed: UInt64 = 1

    @Option(help: "Inputs to start from: a folder for each target.")
    var corpus = "Tests/FuzzTests/Corpus"

    @Option(help: "Runs this one input of the target and ends.")
    var replay: String?

    @Option(help: "Writes the generated part of the corpus into this folder and ends.")
    var makeCorpus: String?

    @Flag(help: "Also prints the different outcomes.")
    var outcomes = false

    func run() throws {
        if let makeCorpus { return try CorpusFolder(makeCorpus).regenerate() }
        let targets = FuzzTarget(rawValue: target).map { [$0] } ?? (target == "all" ? FuzzTarget.allCases : [])
        guard !targets.isEmpty else { throw ValidationError("no target \(target)") }
        if let replay {
            guard targets.count == 1 else { throw ValidationError("--replay needs a target") }
            print("\(target): \(targets[0].run([UInt8](try Data(contentsOf: URL(fileURLWithPath: replay)))))")
            return
        }
        print("seed \(seed), \(seconds) s for \(targets.count) targets")
        print(Fuzzer.Result.header)
        var isSlow = false
        for target in targets {
            let inputs = try CorpusFolder(corpus).inputs(target).map(\.bytes)
            var fuzzer = Fuzzer(target: target, corpus: inputs, seed: seed)
            let result = try fuzzer.run(seconds: seconds / Double(targets.count))
            print(result)
            if outcomes { for outcome in result.outcomes.sorted().prefix(200) { print("    \(outcome)") } }
            isSlow = isSlow || result.slowest > Fuzzer.slowAfter
        }
        if isSlow { throw ExitCode(2) }
    }
}
