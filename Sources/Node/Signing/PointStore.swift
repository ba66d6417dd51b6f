import BLS
import Ethereum

/// Signatures that will soon be combined, decoded meanwhile or waiting for it. Each is used once.
///
/// Only what the workflow newly accepted comes here: a peer has a place for each validator and duty, so it cannot
/// push out others. What is not combined after all makes room for newer ones when all places are taken.
struct PointStore: Sendable {
    private enum Point {
        case expected
        case decoded(UncheckedSignature)
    }

    /// Places; about 400 bytes each.
    private let capacity: Int
    private var points: [SignatureBytes: Point] = [:]
    /// In the order of arrival, with those taken already.
    private var order: [SignatureBytes] = []
    private var expected: [SignatureBytes] = []

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { points.count }

    mutating func expect(_ signatures: [SignatureBytes]) {
        for bytes in signatures where points[bytes] == nil {
            expected.append(bytes)
            place(.expected, bytes)
        }
    }

    mutating func keep(_ point: UncheckedSignature) {
        if points[point.bytes] == nil {
            place(.decoded(point), point.bytes)
        } else {
            points[point.bytes] = .decoded(point)
        }
    }

    /// The next ones to decode. Those taken or pushed out meanwhile are left out.
    mutating func nextExpected(_ most: Int) -> [SignatureBytes] {
        var next: [SignatureBytes] = []
        var looked = 0
        while next.count < most, looked < expected.count {
            if case .expected = points[expected[looked]] { next.append(expected[looked]) }
            looked += 1
        }
        expected.removeFirst(looked)
        return next
    }

    /// What came of decoding, nil for bytes that are no point. A signature taken meanwhile is not put back.
    mutating func decoded(_ bytes: SignatureBytes, _ point: UncheckedSignature?) {
        guard points[bytes] != nil else { return }
        points[bytes] = point.map { .decoded($0) }
    }

    /// nil if it is not there or not decoded: then it need not be decoded ahead any more either.
    mutating func take(_ bytes: SignatureBytes) -> UncheckedSignature? {
        guard case .decoded(let point) = points.removeValue(forKey: bytes) else { return nil }
        return point
    }

    private mutating func place(_ point: Point, _ bytes: SignatureBytes) {
        points[bytes] = point
        order.append(bytes)
        guard order.count > capacity else { return }
        // The older half at once: constant work for each signature on average.
        let old = (capacity + 1) / 2
        for bytes in order.prefix(old) { points[bytes] = nil }
        order.removeFirst(old)
        expected.removeAll { points[$0] == nil }
    }
}
