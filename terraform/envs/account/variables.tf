variable "account_id" {
  description = "AWS account, twelve digits; another one is refused."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "repository" {
  description = "The repository whose workflows plan and apply, owner/name."
  type        = string
}

variable "environments" {
  description = "Folders of the places that are in this account: dev, prod, or both."
  type        = set(string)
}
