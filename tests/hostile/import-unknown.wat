;; unusable: an import that the ABI does not have
;; attacks: none
;; says: it imports 'wagather_v1.rest_delete', which ABI version 1 does not have
(module
  (import "wagather_v1" "rest_delete" (func (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-unknown 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
