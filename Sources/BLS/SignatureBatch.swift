import CBlst
import SSZ

/// Many signatures verified at once, over one message or several, and the wrong ones named.
///
/// Each signature S_i gets a secret random coefficient c_i, and instead of n equations one is checked:
///
///     product over messages m of e( sum of c_i K_i signed over m, H(m) )  =  e( G, sum of c_i S_i )
///
/// Per distinct message that is one hash and one Miller loop; per signature two short multiplications.
/// A wrong signature turns its factor into an element of prime order r, so an equation holds by accident
/// for at most one value of its coefficient: 63 random bits, hence a chance of at most 2^-63 for each of the
/// fewer than 2n equations looked at. Signatures shifted by amounts that cancel (S_1 + P, S_2 - P) fail
/// alike. If the equation fails the batch is halved; the value of one half follows from the other's by a
/// division, so k wrong ones among n cost about k log2 n pairings more, and never more than n in all.
///
/// Decoding has checked that every point is in its subgroup, which the argument needs.
package struct SignatureBatch: Sendable {
    /// What became of each entry, in the order of adding.
    package typealias Outcome = Result<Signature, BLSError>

    private struct Entry: Sendable {
        let key: PublicKey
        let message: Bytes32
        let signature: Outcome
    }

    private var entries: [Entry] = []

    package init() {}

    package var count: Int { entries.count }

    /// Adds a decoded signature that claims to be by `key` over `message`.
    package mutating func add(_ signature: Signature, by key: PublicKey, over message: Bytes32) {
        entries.append(Entry(key: key, message: message, signature: .success(signature)))
    }

    /// Decodes and adds (about 85 µs). Bytes that are no signature are refused in the outcome, alone.
    package mutating func add(_ bytes: Bytes96, by key: PublicKey, over message: Bytes32) {
        let signature = Outcome { () throws(BLSError) in try Signature(bytes) }
        entries.append(Entry(key: key, message: message, signature: signature))
    }

    /// One outcome per entry: the verified signature, or why it was refused (`signatureNotVerified` or the
    /// decoding error). The coefficients come from `generator`: whoever signs must not foresee it.
    ///
    /// - Parameter pairings: after that many products, about 1 ms each, what is still in doubt is refused. For
    ///   entries of one signer who sent wrong ones: its cost is bounded, and nobody else's entry suffers.
    package func verify(
        using generator: inout some RandomNumberGenerator, pairings: Int = .max
    ) -> [Outcome] {
        var outcomes = entries.map(\.signature)
        let decoded = entries.indices.filter { (try? outcomes[$0].get()) != nil }
        let order = groupedByMessage(decoded)
        for wrong in equation(order, &generator).wrongTerms(pairings: pairings) {
            outcomes[order[wrong]] = .failure(.signatureNotVerified)
        }
        return outcomes
    }

    package func verify(pairings: Int = .max) -> [Outcome] {
        var generator = SystemRandomNumberGenerator()
        return verify(using: &generator, pairings: pairings)
    }

    /// Whether all hold, when it does not matter which one does not: one product of pairings at most.
    package func allHold() -> Bool {
        guard entries.allSatisfy({ (try? $0.signature.get()) != nil }) else { return false }
        var generator = SystemRandomNumberGenerator()
        return equation(groupedByMessage(Array(entries.indices)), &generator).holds
    }

    /// Of decoded entries.
    private func equation(_ order: [Int], _ generator: inout some RandomNumberGenerator) -> BatchEquation {
        var equation = BatchEquation()
        for position in order {
            guard case .success(let signature) = entries[position].signature else { continue }
            let coefficient = order.count == 1 ? 1 : generator.next() | 1
            equation.add(signature, by: entries[position].key, over: entries[position].message, coefficient)
        }
        return equation
    }

    /// Positions so ordered that equal messages are neighbours; otherwise in the order of adding.
    private func groupedByMessage(_ positions: [Int]) -> [Int] {
        var groups: [[Int]] = []
        var groupOf: [Bytes32: Int] = [:]
        for position in positions {
            let message = entries[position].message
            if let group = groupOf[message] {
                groups[group].append(position)
            } else {
                groupOf[message] = groups.count
                groups.append([position])
            }
        }
        return groups.flatMap { $0 }
    }
}

/// The batch equation with its coefficients fixed, over any range of its terms.
private struct BatchEquation {
    private struct Run {
        /// Terms over the same message.
        var terms: Range<Int>
        let message: Bytes32
        let hash: blst_p2_affine
    }

    private var keys: [blst_p1_affine] = []
    private var signatures: [blst_p2_affine] = []
    /// 8 bytes each, little-endian.
    private var coefficients: [UInt64] = []
    private var runs: [Run] = []

    /// `coefficient` is not zero. Terms over the same message come one after another.
    mutating func add(_ signature: Signature, by key: PublicKey, over message: Bytes32, _ coefficient: UInt64) {
        let index = keys.count
        keys.append(key.point)
        signatures.append(signature.point)
        coefficients.append(coefficient.littleEndian)
        if let last = runs.indices.last, runs[last].message == message {
            runs[last].terms = runs[last].terms.lowerBound..<index + 1
        } else {
            let hash = Ciphersuite.proofOfPossession.hash(message.bytes).affine
            runs.append(Run(terms: index..<index + 1, message: message, hash: hash))
        }
    }

    var holds: Bool { value(of: keys.indices).isOne }

    /// The terms that do not hold, ascending; with more than `pairings` products to look at, all that may not.
    func wrongTerms(pairings: Int) -> [Int] {
        var wrong: [Int] = []
        var suspects: [(terms: Range<Int>, value: TargetElement)] = [(keys.indices, value(of: keys.indices))]
        var spent = 1
        while let (terms, value) = suspects.popLast() {
            // Coefficients are invertible modulo r: a single term's value is one exactly if it holds.
            if value.isOne { continue }
            if terms.count == 1 || spent >= pairings {
                wrong += terms
                continue
            }
            let middle = terms.lowerBound + terms.count / 2
            let low = self.value(of: terms.lowerBound..<middle)
            spent += 1
            suspects.append((middle..<terms.upperBound, value.divided(by: low)))
            suspects.append((terms.lowerBound..<middle, low))
        }
        return wrong
    }

    /// One if the terms hold.
    private func value(of terms: Range<Int>) -> TargetElement {
        var product = PairingProduct()
        for run in runs where run.terms.overlaps(terms) {
            product.multiply(weighted(keys, run.terms.clamped(to: terms)) as blst_p1, run.hash)
        }
        if !terms.isEmpty { product.divide(bySignature: weighted(signatures, terms) as blst_p2) }
        return product.value
    }

    /// Sum of coefficient times point over a non-empty range.
    private func weighted<P: CurvePoint>(_ points: [P.Affine], _ terms: Range<Int>) -> P {
        if terms.count == 1, coefficients[terms.lowerBound] == 1 { return P(points[terms.lowerBound]) }
        return coefficients.withUnsafeBytes { bytes in
            points.withUnsafeBufferPointer { points in
                guard let scalars = bytes.bindMemory(to: UInt8.self).baseAddress else { return P() }
                let first = scalars + terms.lowerBound * MemoryLayout<UInt64>.stride
                if terms.count == 1 { return P(points[terms.lowerBound]).multiplied(by: first, bits: 64) }
                return P.multiScalarSum(UnsafeBufferPointer(rebasing: points[terms]), scalars: first, bits: 64)
            }
        }
    }
}
