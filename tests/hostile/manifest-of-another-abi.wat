;; refused: a manifest of another version of the ABI
;; attacks: none
;; says: it is built for ABI version 2; this host supports version 1
(module
  (@custom "wagather.manifest" "gatherer 2 manifest-of-another-abi 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
