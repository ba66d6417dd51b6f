import CSecp256k1

/// The library's precomputed state. Made and blinded once, never changed after, so every thread may use it.
enum Context {
    nonisolated(unsafe) static let shared: OpaquePointer = {
        guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY)) else {
            preconditionFailure("libsecp256k1 has no memory for its context")
        }
        var generator = SystemRandomNumberGenerator()
        let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        // Blinds the multiplications by secret scalars against side channels; results stay the same.
        precondition(secp256k1_context_randomize(context, seed) == 1, "blind the libsecp256k1 context")
        return context
    }()
}
