import NIOCore

/// Recognises bytes that an operator sends over and over, before anything is made of them.
///
/// Some repetition is honest: a sender tries again after a reset, and the answer to each of several round changes is
/// the same. So three copies pass within a window of one to two seconds; later ones were of use only if those before
/// them were not, and come again.
struct RepeatFilter: Sendable {
    private static let copiesMax = 3
    private static let window = TimeAmount.seconds(1)
    /// Further messages of a window are not remembered, so they pass.
    private static let rememberedMax = 256
    /// Of a large message its ends are looked at: the signature of a vote is at the beginning.
    private static let endsBytes = 4096

    private var young: [Int: Int] = [:]
    private var old: [Int: Int] = [:]
    private var windowStart: NIODeadline

    init(now: NIODeadline) { windowStart = now }

    mutating func admits(_ bytes: [UInt8], now: NIODeadline) -> Bool {
        if now - windowStart >= Self.window {
            old = now - windowStart >= .nanoseconds(2 * Self.window.nanoseconds) ? [:] : young
            young = [:]
            windowStart = now
        }
        let mark = Self.mark(bytes)
        let copies = young[mark, default: 0] + old[mark, default: 0]
        guard copies < Self.copiesMax else { return false }
        if young[mark] != nil || young.count < Self.rememberedMax { young[mark, default: 0] += 1 }
        return true
    }

    /// Keyed at random in each process, so nobody can make two messages meet.
    private static func mark(_ bytes: [UInt8]) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes.count)
        bytes.withUnsafeBytes { all in
            guard all.count > SmallMessage.bytesMax else { return hasher.combine(bytes: all) }
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: all.prefix(endsBytes)))
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: all.suffix(endsBytes)))
        }
        return hasher.finalize()
    }
}
