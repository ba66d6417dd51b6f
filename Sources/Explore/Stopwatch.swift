/// How long something took, in seconds.
struct Stopwatch: CustomStringConvertible {
    private let start = ContinuousClock.now

    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
    var description: String { "\((seconds * 10).rounded() / 10) s" }
}
