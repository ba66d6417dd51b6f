import Foundation
import FuzzTargets
import Glibc

/// Runs one target on damaged inputs until its time is up.
///
/// What gives an outcome not seen before joins the pool: a poor man's coverage, but it needs no instrumentation.
struct Fuzzer {
    /// An input that takes longer is reported and kept.
    static let slowAfter = Duration.seconds(1)
    /// One that takes this long ends the program (SIGALRM).
    private static let hangAfter: UInt32 = 20
    private static let poolMax = 4096

    struct Result: CustomStringConvertible {
        static let header = "target            runs      per s   outcomes  slowest"

        let target: FuzzTarget
        var runs = 0
        var outcomes: Set<String> = []
        var slowest = Duration.zero
        var took = Duration.zero

        var description: String {
            let perSecond = Double(runs) / max(took / .seconds(1), 0.001)
            return target.rawValue.padding(16) + "\(runs)".padding(11, right: true)
                + "\(Int(perSecond))".padding(9, right: true) + "\(outcomes.count)".padding(10, right: true)
                + "  \(Int(slowest / .microseconds(1))) µs"
        }
    }

    private let target: FuzzTarget
    private var pool: [[UInt8]]
    private var mutator: Mutator

    init(target: FuzzTarget, corpus: [[UInt8]], seed: UInt64) {
        self.target = target
        pool = corpus.isEmpty ? [[]] : corpus
        mutator = Mutator(seed: seed)
    }

    mutating func run(seconds: Double) throws -> Result {
        let file = open(".fuzz-last-\(target.rawValue)", O_CREAT | O_RDWR | O_TRUNC, 0o644)
        guard file >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(file) }
        var result = Result(target: target)
        let clock = ContinuousClock()
        let start = clock.now
        for input in pool { once(input, file, clock, &result) }
        while clock.now - start < .seconds(seconds) {
            alarm(Self.hangAfter)
            for _ in 0..<64 { once(mutator.next(from: pool), file, clock, &result) }
        }
        alarm(0)
        result.took = clock.now - start
        unlink(".fuzz-last-\(target.rawValue)")
        return result
    }

    private mutating func once(_ input: [UInt8], _ file: Int32, _ clock: ContinuousClock, _ result: inout Result) {
        // The kernel has it, whatever becomes of this process.
        input.withUnsafeBytes { bytes in
            precondition(ftruncate(file, off_t(bytes.count)) == 0)
            precondition(pwrite(file, bytes.baseAddress, bytes.count, 0) == bytes.count)
        }
        let start = clock.now
        let outcome = target.run(input)
        let took = clock.now - start
        result.runs += 1
        if result.outcomes.count < Self.poolMax, result.outcomes.insert(outcome).inserted { pool.append(input) }
        guard took > result.slowest else { return }
        result.slowest = took
        if took > Self.slowAfter {
            let name = ".fuzz-slow-\(target.rawValue)-\(result.runs)"
            try? Data(input).write(to: URL(fileURLWithPath: name))
            print("\(target.rawValue): \(took) for the input in \(name)")
        }
    }
}

extension String {
    fileprivate func padding(_ count: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: Swift.max(1, count - self.count))
        return right ? space + self : self + space
    }
}
