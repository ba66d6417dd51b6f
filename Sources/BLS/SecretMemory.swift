import CBlst
import Glibc

/// Memory for secrets: one address for its whole life, zeroed when released.
///
/// For plain C types only. A secret in a Swift struct would be copied at the compiler's will.
/// `explicit_bzero` is a store the optimiser may not drop. Contents are written by the creator before the
/// object is shared, never after: that is what makes it safe to send between threads.
final class SecretMemory<Element>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
    let count: Int

    /// `count` elements of zero bytes.
    init(count: Int = 1) {
        self.count = count
        pointer = .allocate(capacity: count)
        explicit_bzero(pointer, count * MemoryLayout<Element>.stride)
    }

    deinit {
        explicit_bzero(pointer, count * MemoryLayout<Element>.stride)
        pointer.deallocate()
    }
}

extension SecretMemory<UInt8> {
    /// A copy of bytes that the caller wipes on its side.
    convenience init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count)
        for (index, byte) in zip(0..<count, bytes) { pointer[index] = byte }
    }

    /// Fills the memory with random bytes.
    func randomize(using generator: inout some RandomNumberGenerator) {
        for index in 0..<count { pointer[index] = generator.next() }
    }
}

extension SecretMemory<blst_scalar> {
    /// A uniform non-zero scalar: 64 random bytes modulo the group order, so the bias is below 2^-256.
    static func random(using generator: inout some RandomNumberGenerator) -> SecretMemory<blst_scalar> {
        let scalar = SecretMemory<blst_scalar>()
        let wide = SecretMemory<UInt8>(count: 64)
        // False means the residue is zero, once in 2^255 for an honest generator.
        repeat {
            wide.randomize(using: &generator)
        } while !blst_scalar_from_be_bytes(
            scalar.pointer, wide.pointer, wide.count)
        return scalar
    }
}
