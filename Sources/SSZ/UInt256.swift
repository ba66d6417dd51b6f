/// A 256-bit unsigned integer: carried, compared and shown, never calculated with.
package struct UInt256: Hashable, Sendable {
    /// 64-bit digits, least significant first.
    private var limbs: Limbs

    private struct Limbs: Hashable, Sendable {
        var a: UInt64 = 0
        var b: UInt64 = 0
        var c: UInt64 = 0
        var d: UInt64 = 0

        subscript(i: Int) -> UInt64 {
            get { i == 0 ? a : i == 1 ? b : i == 2 ? c : d }
            set {
                switch i {
                case 0: a = newValue
                case 1: b = newValue
                case 2: c = newValue
                default: d = newValue
                }
            }
        }
    }

    package init(_ value: UInt64 = 0) {
        limbs = Limbs(a: value)
    }

    package static let zero = UInt256()

    /// Digits only, at most 78 of them; nil otherwise and from 2^256 on.
    package init?(decimal text: String) {
        guard !text.isEmpty, text.utf8.count <= 78 else { return nil }
        self.init()
        for digit in text.utf8 {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            var carry = UInt64(digit - UInt8(ascii: "0"))
            for i in 0..<4 {
                let product = limbs[i].multipliedFullWidth(by: 10)
                let (sum, overflow) = product.low.addingReportingOverflow(carry)
                limbs[i] = sum
                carry = product.high + (overflow ? 1 : 0)
            }
            guard carry == 0 else { return nil }
        }
    }

    /// Decimal digits without leading zeros.
    package var decimal: String {
        var rest = limbs
        var digits: [UInt8] = []
        repeat {
            var remainder: UInt64 = 0
            for i in (0..<4).reversed() {
                let (quotient, digit) = UInt64(10).dividingFullWidth((remainder, rest[i]))
                rest[i] = quotient
                remainder = digit
            }
            digits.append(UInt8(ascii: "0") + UInt8(remainder))
        } while rest != Limbs()
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// The number if it is below 2^64.
    package var uint64: UInt64? {
        limbs[1] == 0 && limbs[2] == 0 && limbs[3] == 0 ? limbs[0] : nil
    }
}

extension UInt256: Comparable {
    package static func < (a: Self, b: Self) -> Bool {
        for i in (0..<4).reversed() where a.limbs[i] != b.limbs[i] { return a.limbs[i] < b.limbs[i] }
        return false
    }
}

extension UInt256: CustomStringConvertible {
    package var description: String { decimal }
}

extension UInt256: SSZCodable {
    package static func fixedSize(preset: Preset) -> Int? { 32 }
    package static var isBasic: Bool { true }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        for i in 0..<4 { limbs[i].encode(into: &bytes, preset: preset) }
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        guard bytes.count == 32 else { throw SSZError(.length(expected: 32, actual: bytes.count)) }
        self.init()
        for i in 0..<4 {
            let start = bytes.startIndex + 8 * i
            limbs[i] = try UInt64(decoding: bytes[start..<start + 8], preset: preset)
        }
    }

    package func hashTreeRoot(preset: Preset) -> Root { Root(padding: sszBytes()) }

    package func json(preset: Preset) -> JSONValue { .string(decimal) }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        guard case .string(let text) = json else { throw SSZError(.json(expected: "decimal text")) }
        guard let value = UInt256(decimal: text) else { throw SSZError(.number) }
        self = value
    }
}
