import Timing

/// The random numbers of tests: a failure repeats.
package typealias SeededGenerator = SplitMix64

extension SplitMix64 {
    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}
