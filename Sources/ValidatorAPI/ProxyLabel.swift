import BeaconAPI

/// The metrics' label of a passed-on path: few labels, however many paths (validator-api.md §8).
enum ProxyLabel {
    private static let segmentsMax = 12
    private static let charactersMax = 40

    /// Segments joined by `_`; hashes become `{hex}`, numbers `{n}`, the segment after `peers` `{peer_id}`.
    static func make(_ segments: [String]) -> String {
        guard segments.count <= segmentsMax else { return "other" }
        var parts: [String] = []
        for (position, segment) in segments.enumerated() {
            if position > 0, segments[position - 1] == "peers" {
                parts.append("{peer_id}")
            } else if segment.hasPrefix("0x") {
                parts.append("{hex}")
            } else if segment.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                parts.append("{n}")
            } else if segment.utf8.allSatisfy(Self.isPlain), segment.utf8.count <= charactersMax {
                parts.append(segment)
            } else {
                return "other"
            }
        }
        return parts.joined(separator: "_")
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
