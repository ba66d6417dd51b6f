import Foundation
import FuzzTargets
import Testing

@Suite("every decoder: its corpus, and damaged copies of it")
struct CorpusTests {
    private static let folder = CorpusFolder(
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus").path)

    /// Damaged inputs of each target: the cheap ones take microseconds, those with signatures a millisecond.
    private static let mutations = 1500
    /// `FUZZ_SECONDS=60` goes on for about that long in all.
    private static let seconds = ProcessInfo.processInfo.environment["FUZZ_SECONDS"].flatMap(Double.init)

    /// A failure is a trap: the crash report names the target, and the seed is the target's number.
    @Test("accepts or refuses whatever comes", arguments: FuzzTarget.allCases)
    func survives(target: FuzzTarget) throws {
        let inputs = try Self.folder.inputs(target).map(\.bytes)
        try #require(!inputs.isEmpty, "no corpus")
        var outcomes: Set<String> = []
        for input in inputs { outcomes.insert(target.run(input)) }
        let seed = FuzzTarget.allCases.firstIndex(of: target).map(UInt64.init) ?? 0
        var mutator = Mutator(seed: seed)
        let end = Self.seconds.map { ContinuousClock.now + .seconds($0 / Double(FuzzTarget.allCases.count)) }
        var runs = 0
        while end.map({ ContinuousClock.now < $0 }) ?? (runs < Self.mutations / Self.cost(of: target)) {
            outcomes.insert(target.run(mutator.next(from: inputs)))
            runs += 1
        }
        // Both what is right and what is wrong was met.
        #expect(outcomes.count > 1, "always \(outcomes)")
    }

    private static func cost(of target: FuzzTarget) -> Int {
        switch target {
        case .noiseFrames, .workflow, .ceremonyEvents: 10
        case .noiseHandshake, .upgrade, .consensus: 4
        default: 1
        }
    }

    @Test("the generated corpus is what the generator makes", arguments: FuzzTarget.allCases)
    func isGenerated(target: FuzzTarget) throws {
        let files = try Self.folder.inputs(target).filter { $0.name.hasPrefix("seed-") }
        let made = CorpusFolder.generated(target)
        #expect(files.map(\.name) == made.map(\.name), "run styx-fuzz --make-corpus Tests/FuzzTests/Corpus")
        for (file, input) in zip(files, made) { #expect(file.bytes == input.bytes, "\(file.name) is out of date") }
    }

    @Test("the same seed gives the same inputs")
    func isDeterministic() {
        var (a, b) = (Mutator(seed: 7), Mutator(seed: 7))
        let pool = FuzzTarget.allCases.flatMap { CorpusFolder.generated($0).map(\.bytes) }
        for _ in 0..<200 { #expect(a.next(from: pool) == b.next(from: pool)) }
    }
}
