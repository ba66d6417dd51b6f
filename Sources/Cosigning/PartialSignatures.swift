import BLS
import Cluster
import Ethereum
import SSZ

/// Partial signatures of one validator over one message, each found to be by a key share of its own.
///
/// Who hands them out is not trusted: a signature counts for the share it verifies under. A bad one is an error, not a
/// thing to skip: somebody sent it. Source: spec/cli-create.md §12.3–12.5.
struct PartialSignatures {
    let validator: ClusterKeys.Validator
    /// What was signed.
    let root: Root
    private(set) var byIndex: [Int: Signature] = [:]

    private var name: Bytes48 { validator.publicKey.bytes }

    init(_ validator: ClusterKeys.Validator, over root: Root) {
        self.validator = validator
        self.root = root
    }

    /// - Parameters:
    ///   - place: in the answer, for errors.
    ///   - guess: share index that is tried first. Each one tried takes 1 ms.
    mutating func add(_ bytes: SignatureBytes, _ place: String, guess: Int) throws(AnswerFault) {
        let signature = try decode(bytes, place)
        let shares = validator.shares
        let order = [guess].filter { (1...shares.count).contains($0) } + (1...shares.count).filter { $0 != guess }
        guard let index = order.first(where: { shares[$0 - 1].verify(signature, over: root) }) else {
            throw AnswerFault(name, "\(place) is by none of the validator's key shares over this message")
        }
        try keep(signature, index, place)
    }

    /// The same where the answer says whose it is.
    mutating func add(_ bytes: SignatureBytes, _ place: String, by index: Int) throws(AnswerFault) {
        guard validator.shares.indices.contains(index - 1) else {
            throw AnswerFault(name, "\(place) is by share \(index), but there are \(validator.shares.count)")
        }
        let signature = try decode(bytes, place)
        guard validator.shares[index - 1].verify(signature, over: root) else {
            throw AnswerFault(name, "\(place) is not by share \(index) over this message")
        }
        try keep(signature, index, place)
    }

    /// The validator's own signature.
    ///
    /// - Parameter cure: what to do when there are too few.
    func recover(threshold: Int, cure: String) throws(AnswerFault) -> SignatureBytes {
        guard byIndex.count >= threshold else {
            throw AnswerFault(name, "\(byIndex.count) of the \(threshold) signatures that are needed; \(cure)")
        }
        guard let whole = try? Signature.recover(from: byIndex), validator.publicKey.verify(whole, over: root) else {
            throw AnswerFault(name, "the partial signatures do not make up the validator's")
        }
        return whole.bytes
    }

    private func decode(_ bytes: SignatureBytes, _ place: String) throws(AnswerFault) -> Signature {
        do throws(BLSError) {
            return try Signature(bytes)
        } catch {
            throw AnswerFault(name, "\(place) is no BLS signature (\(error))")
        }
    }

    private mutating func keep(_ signature: Signature, _ index: Int, _ place: String) throws(AnswerFault) {
        guard byIndex.updateValue(signature, forKey: index) == nil else {
            throw AnswerFault(name, "\(place) is a second signature of share \(index)")
        }
    }
}
