// Sends the request to the EHR's sign-in; without scripts its button does.
document.forms[0].submit();
