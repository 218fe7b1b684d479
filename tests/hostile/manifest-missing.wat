;; refused: a module that does not say what it reads
;; attacks: none
;; says: it has no custom section 'wagather.manifest', so it does not say what it reads
(module
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
